// The tracker against BuildForwarding: whatever the changes, the same comes of them.
#include "host/services/forwarding_tracker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "host/services/forwarding_builder.h"
#include "tests/host/services/test_objects.h"
#include "tests/model/random_cluster.h"

namespace pointsman {
namespace {

constexpr int kClusters = 40;
constexpr int kChanges = 60;

uint64_t Seed() {
  const char* text = std::getenv("POINTSMAN_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device()();
}

template <class Map>
void Follow(const Map& from, kube::ObjectSet& objects, std::set<kube::ObjectKey>& changed,
            Map kube::ObjectSet::*map) {
  const Map before = objects.*map;
  for (const auto& [key, object] : before) {
    if (!from.contains(key) && objects.Delete(key)) changed.insert(key);
  }
  for (const auto& [key, object] : from) {
    if (objects.Apply(object)) changed.insert(key);
  }
}

// Makes Services and slices of `objects` those of `next`, and says which changed.
std::set<kube::ObjectKey> Follow(const kube::ObjectSet& next, kube::ObjectSet& objects) {
  std::set<kube::ObjectKey> changed;
  Follow(next.services, objects, changed, &kube::ObjectSet::services);
  Follow(next.endpoint_slices, objects, changed, &kube::ObjectSet::endpoint_slices);
  return changed;
}

// Frontends are sorted by their keys, and stay so.
void Apply(const ForwardingChange& change, Forwarding& forwarding) {
  std::map<FrontendKey, Frontend> frontends;
  for (Frontend& frontend : forwarding.frontends) frontends[KeyOf(frontend)] = std::move(frontend);
  for (const FrontendKey& key : change.gone) frontends.erase(key);
  for (const Frontend& frontend : change.frontends) frontends[KeyOf(frontend)] = frontend;
  if (change.rest) forwarding = *change.rest;
  forwarding.frontends.clear();
  for (auto& [key, frontend] : frontends) forwarding.frontends.push_back(std::move(frontend));
}

TEST(ForwardingTrackerTest, ComesToTheSameAsAllObjectsAtOnce) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("POINTSMAN_TEST_SEED={}", seed));
  model::RandomCluster random(seed);
  size_t changed_frontends = 0;
  for (int cluster = 0; cluster < kClusters && !testing::Test::HasFailure(); ++cluster) {
    const NodeFacts facts = random.Facts();
    kube::ObjectSet objects;
    kube::ObjectSet next;
    random.Change(next);
    Follow(next, objects);
    ForwardingTracker tracker(objects, facts);
    ServedState mirror = tracker.state();
    ServedChange waiting;
    for (int i = 0; i < kChanges && !testing::Test::HasFailure(); ++i) {
      random.Change(next);
      Forwarding followed = tracker.state().forwarding;
      ServedChange change = tracker.Update(Follow(next, objects));
      Apply(ForwardingChangeOf(change, tracker.state().forwarding), followed);
      EXPECT_TRUE(followed == tracker.state().forwarding) << "change " << i;
      const ServiceForwarding built = BuildForwarding(objects, facts);
      EXPECT_TRUE(tracker.state() == built) << "change " << i;
      EXPECT_EQ(tracker.problems(), built.problems);
      changed_frontends += change.frontends.size();
      waiting.Append(std::move(change));
      if (i % 3 != 0) continue;
      waiting.ApplyTo(mirror);
      waiting = {};
      EXPECT_TRUE(mirror == built) << "by changes alone, " << i;
    }
  }
  EXPECT_GT(changed_frontends, 1000u);
}

TEST(ForwardingTrackerTest, WhatIsNotConcernedIsNotInTheChange) {
  kube::ObjectSet objects;
  for (int i = 0; i < 50; ++i) {
    const std::string name = fmt::format("svc{}", i);
    objects.Apply(test::ClusterIpService(name, fmt::format("172.30.0.{}", i + 1),
                                         {test::TcpPort("http", 80)}));
    objects.Apply(test::SliceOf(name, name + "-1", "http", {test::EndpointAt("10.0.0.1", "n")}));
  }
  ForwardingTracker tracker(objects, test::Facts());
  EXPECT_TRUE(tracker.Update({}).empty());
  const kube::EndpointSlice slice =
      test::SliceOf("svc7", "svc7-1", "http",
                    {test::EndpointAt("10.0.0.1", "n"), test::EndpointAt("10.0.0.2", "n")});
  objects.Apply(slice);
  const ServedChange change = tracker.Update({KeyOf(slice)});
  ASSERT_EQ(change.frontends.size(), 1u);
  EXPECT_EQ(change.frontends.begin()->second->inside.endpoints.size(), 2u);
  EXPECT_EQ(change.services.size(), 1u);
  EXPECT_TRUE(change.udp.empty() && !change.cluster_ips && !change.health_check_ports);
}

TEST(ForwardingTrackerTest, AFrontendGoesToTheNextWhoWantsItWhenItsOwnerGoes) {
  kube::ObjectSet objects;
  const kube::Service a = test::ClusterIpService("a", "172.30.0.1", {test::TcpPort("http", 80)});
  const kube::Service b = test::ClusterIpService("b", "172.30.0.1", {test::TcpPort("http", 80)});
  objects.Apply(a);
  objects.Apply(b);
  ForwardingTracker tracker(objects, test::Facts());
  EXPECT_EQ(tracker.state().forwarding.frontends.at(0).name, "ns1/a:http ClusterIP");
  EXPECT_EQ(tracker.problems().size(), 1u);
  objects.Delete(KeyOf(a));
  const ServedChange change = tracker.Update({KeyOf(a)});
  EXPECT_EQ(change.services.size(), 2u) << "one is gone, the other has a frontend now";
  EXPECT_EQ(tracker.state().forwarding.frontends.at(0).name, "ns1/b:http ClusterIP");
  EXPECT_TRUE(tracker.problems().empty());
}

}  // namespace
}  // namespace pointsman
