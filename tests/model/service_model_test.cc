// The whole way from objects to packets against the model: random clusters that change, random
// first packets, by every rule.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "host/conformance/probe.h"
#include "host/datapath/datapath.h"
#include "host/datapath/pipeline_executor.h"
#include "host/services/forwarding_builder.h"
#include "host/services/table_values.h"
#include "tests/model/random_cluster.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;

constexpr int kClusters = 150;
constexpr int kChanges = 4;
constexpr int kPackets = 60;
// Enough that one of three endpoints is missed once in 10^17.
constexpr int kConnectionsForFew = 100;
constexpr size_t kFew = 3;
constexpr int kConnections = 8;

uint64_t Seed() {
  const char* given = std::getenv("POINTSMAN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device()();
}

class ServiceModelTest : public testing::Test {
 protected:
  std::vector<ReceivedFrame> Connections(const model::AskedPacket& packet, const NodeFacts& facts,
                                         int count) {
    FlowKey probe{TableAddress(packet.source), TableAddress(packet.destination), 0, packet.port,
                  TableProtocol(packet.protocol)};
    const bool inside = facts.IsPod(packet.source);
    std::vector<ReceivedFrame> frames;
    for (int i = 0; i < count; ++i) {
      probe.source_port = next_port_++;
      frames.push_back({inside ? Port::kNode : Port::kUplink, ProbeFrame(probe)});
    }
    return frames;
  }

  static model::Outcome WhatBecameOf(const ProcessedFrame& processed, const NodeFacts& facts) {
    model::Outcome outcome;
    if (processed.fate == Fate::kRejected) outcome.fate = model::Fate::kReject;
    if (processed.fate == Fate::kDropped) outcome.fate = model::Fate::kDrop;
    if (processed.fate != Fate::kForwarded) return outcome;
    const FlowKey sent = ParseFlow(processed.sent.at(0).frame)->key;
    outcome.fate = model::Fate::kForward;
    outcome.endpoint = ObjectAddress(sent.destination);
    outcome.port = sent.destination_port;
    for (const auto* own : {&facts.primary_addresses, &facts.other_addresses}) {
      for (const kube::IpAddress& ip : *own) outcome.from_node |= TableAddress(ip) == sent.source;
    }
    return outcome;
  }

  static std::string Text(const std::set<model::Outcome>& outcomes) {
    std::string text;
    for (const model::Outcome& outcome : outcomes) text += "\n    " + outcome.ToString();
    return text;
  }

  void Compare(const kube::ObjectSet& objects, const NodeFacts& facts,
               const model::AskedPacket& packet) {
    const model::Allowed allowed = model::Ask(objects, facts, packet);
    const bool few = allowed.outcomes.size() <= kFew;
    const auto frames = Connections(packet, facts, few ? kConnectionsForFew : kConnections);
    const auto processed = datapath_->Process(frames, now_);
    ASSERT_TRUE(processed.ok()) << processed.status();
    std::set<model::Outcome> met;
    for (const ProcessedFrame& one : *processed) met.insert(WhatBecameOf(one, facts));
    const std::string what = fmt::format("seed {:#x}, {}\n  model: {}\n  met: {}", seed_,
                                         packet.ToString(), Text(allowed.outcomes), Text(met));
    for (const model::Outcome& outcome : met) {
      ASSERT_TRUE(allowed.outcomes.contains(outcome)) << what;
      ++fates_[static_cast<size_t>(outcome.fate)];
    }
    if (allowed.sticky) {
      ASSERT_EQ(met.size(), 1u) << what;
    } else if (few) {
      ASSERT_EQ(met, allowed.outcomes) << what;
    }
    now_ += absl::Hours(4);  // affinity of this client is over for the next packet
  }

  uint64_t seed_ = Seed();
  std::unique_ptr<Datapath> datapath_;
  uint16_t next_port_ = 0;
  absl::Time now_ = absl::UnixEpoch();
  std::array<int, 4> fates_{};
};

TEST_F(ServiceModelTest, ObjectsToPackets) {
  fmt::print("note: seed {:#x} (set POINTSMAN_TEST_SEED to repeat)\n", seed_);
  model::RandomCluster random(seed_);
  for (int cluster = 0; cluster < kClusters && !HasFatalFailure(); ++cluster) {
    datapath_ = std::make_unique<Datapath>(MakePipelineExecutor(kSimSizes));
    next_port_ = 1024;
    const NodeFacts facts = random.Facts();
    kube::ObjectSet objects;
    for (int change = 0; change < kChanges && !HasFatalFailure(); ++change) {
      random.Change(objects);
      const absl::Status status = datapath_->Program(BuildForwarding(objects, facts).forwarding);
      ASSERT_TRUE(status.ok()) << status;
      for (int i = 0; i < kPackets && !HasFatalFailure(); ++i) {
        Compare(objects, facts, random.Packet(objects, facts));
      }
    }
  }
  fmt::print("note: {} passed, {} dropped, {} rejected, {} forwarded as the model says\n",
             fates_[0], fates_[1], fates_[2], fates_[3]);
  for (const int count : fates_) EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace pointsman
