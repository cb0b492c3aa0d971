#include "host/services/endpoint_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::EndpointAt;
using test::Ip;
using test::SliceOf;
using test::State;
using test::Texts;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

kube::ObjectKey Key(std::string name) { return {kube::Kind::kService, "ns1", std::move(name)}; }
ServicePortKey Http(std::string service) {
  return {Key(std::move(service)), {"http", kube::Protocol::kTcp}};
}
kube::EndpointSlice Slice(std::string name, std::string_view address) {
  return SliceOf("svc1", std::move(name), "http", {EndpointAt(address, test::kNodeName)});
}

class EndpointTrackerTest : public testing::Test {
 protected:
  EndpointTracker tracker_{kube::IpFamily::kIPv4, {test::kNodeName, ""}};
};

TEST_F(EndpointTrackerTest, FollowsSlices) {
  EXPECT_TRUE(tracker_.Apply(Slice("a", "10.0.0.1")));
  EXPECT_TRUE(tracker_.Apply(Slice("b", "10.0.0.2")));
  EXPECT_THAT(tracker_.endpoints(), IsEmpty());  // until it is taken
  EXPECT_THAT(tracker_.Take().services, ElementsAre(Key("svc1")));
  EXPECT_THAT(Texts(tracker_.endpoints().at(Http("svc1"))),
              ElementsAre("10.0.0.1:8080", "10.0.0.2:8080"));
  EXPECT_TRUE(tracker_.Delete(KeyOf(Slice("a", "10.0.0.1"))));
  tracker_.Take();
  EXPECT_THAT(Texts(tracker_.endpoints().at(Http("svc1"))), ElementsAre("10.0.0.2:8080"));
  EXPECT_TRUE(tracker_.Delete(KeyOf(Slice("b", "10.0.0.2"))));
  tracker_.Take();
  EXPECT_THAT(tracker_.endpoints(), IsEmpty());
}

TEST_F(EndpointTrackerTest, WhatIsWrittenAsBeforeIsNoChange) {
  tracker_.Apply(Slice("a", "10.0.0.1"));
  tracker_.Take();
  EXPECT_FALSE(tracker_.Apply(Slice("a", "10.0.0.1")));
  EXPECT_FALSE(tracker_.Delete(KeyOf(Slice("b", "10.0.0.1"))));
  EXPECT_EQ(tracker_.Take(), EndpointChanges());
}

TEST_F(EndpointTrackerTest, AWayThereAndBackIsAChange) {
  tracker_.Apply(Slice("a", "10.0.0.1"));
  tracker_.Take();
  EXPECT_TRUE(tracker_.Apply(Slice("a", "10.0.0.2")));
  EXPECT_TRUE(tracker_.Apply(Slice("a", "10.0.0.1")));
  EXPECT_THAT(tracker_.Take().services, ElementsAre(Key("svc1")));
}

TEST_F(EndpointTrackerTest, SlicesThatDoNotCount) {
  kube::EndpointSlice ipv6 = SliceOf("svc1", "a", "http", {EndpointAt("fd00::1", "")});
  ipv6.address_type = kube::IpFamily::kIPv6;
  kube::EndpointSlice unlabelled = Slice("b", "10.0.0.1");
  unlabelled.metadata.labels.clear();
  kube::EndpointSlice hidden = Slice("c", "10.0.0.1");
  hidden.metadata.labels["service.kubernetes.io/headless"] = "";
  for (const kube::EndpointSlice& slice : {ipv6, unlabelled, hidden}) {
    EXPECT_FALSE(tracker_.Apply(slice));
  }
  EXPECT_EQ(tracker_.Take(), EndpointChanges());
  // One that counted until now goes.
  tracker_.Apply(Slice("b", "10.0.0.1"));
  tracker_.Take();
  EXPECT_TRUE(tracker_.Apply(unlabelled));
  EXPECT_THAT(tracker_.Take().services, ElementsAre(Key("svc1")));
  EXPECT_THAT(tracker_.endpoints(), IsEmpty());
}

TEST_F(EndpointTrackerTest, ASliceThatChangesItsServiceLeavesTheOldOne) {
  kube::EndpointSlice slice = Slice("a", "10.0.0.1");
  tracker_.Apply(slice);
  tracker_.Take();
  slice.metadata.labels[std::string(kube::kServiceNameLabel)] = "svc2";
  EXPECT_TRUE(tracker_.Apply(slice));
  EXPECT_THAT(tracker_.Take().services, ElementsAre(Key("svc1"), Key("svc2")));
  EXPECT_THAT(tracker_.endpoints(), SizeIs(1));
  EXPECT_TRUE(tracker_.endpoints().contains(Http("svc2")));
}

TEST_F(EndpointTrackerTest, UdpCleanupIsNeededWhereThereIsOrWasUdp) {
  kube::EndpointSlice udp = Slice("a", "10.0.0.1");
  udp.ports[0].protocol = kube::Protocol::kUdp;
  tracker_.Apply(udp);
  EXPECT_TRUE(tracker_.Take().udp_cleanup_needed);
  tracker_.Apply(SliceOf("svc2", "b", "http", {EndpointAt("10.0.0.2", "")}));
  EXPECT_FALSE(tracker_.Take().udp_cleanup_needed);
  tracker_.Apply(Slice("a", "10.0.0.1"));  // TCP now
  EXPECT_TRUE(tracker_.Take().udp_cleanup_needed);
  tracker_.Delete(KeyOf(udp));
  EXPECT_FALSE(tracker_.Take().udp_cleanup_needed);
}

TEST_F(EndpointTrackerTest, LocalReadyAddressesAreCountedOnce) {
  kube::EndpointSlice slice =
      SliceOf("svc1", "a", "http",
              {EndpointAt("10.0.0.1", test::kNodeName), EndpointAt("10.0.0.2", "other"),
               EndpointAt("10.0.0.3", test::kNodeName, State::kDraining)});
  slice.ports.push_back({.name = "https", .port = uint16_t{8443}});
  tracker_.Apply(slice);
  tracker_.Apply(SliceOf("svc2", "b", "http", {EndpointAt("10.0.0.4", "other")}));
  tracker_.Take();
  EXPECT_THAT(LocalReadyAddresses(tracker_.endpoints()),
              ElementsAre(Pair(Key("svc1"), ElementsAre(Ip("10.0.0.1")))));
}

}  // namespace
}  // namespace pointsman
