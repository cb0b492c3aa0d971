// The pipeline against the card (the RTL, driven by the shipped driver through XRT): random
// forwardings, each led to from the one before by a plan, random packets valid and damaged; every
// verdict, reason and byte must be the same, and no packet may be left over.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "host/cli/open_datapath.h"
#include "host/datapath/pipeline_executor.h"
#include "tests/differential/random_traffic.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr size_t kPackets = 100'000;
constexpr size_t kPacketsAForwarding = 5'000;
constexpr size_t kBurst = 100;

uint64_t Seed() {
  const char* given = std::getenv("POINTSMAN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device()();
}

std::string Describe(const ProcessedFrame& one) {
  std::string text =
      fmt::format("{} {} egress {} counter {} endpoint {} learned {}", Name(one.outcome.verdict),
                  Name(one.outcome.reason), Name(one.outcome.egress), one.outcome.frontend_counter,
                  one.outcome.endpoint, one.outcome.learned);
  for (const SentFrame& sent : one.sent)
    text += fmt::format("\n      {}: {}", Name(sent.egress), DescribeFrame(sent.frame));
  return text;
}

bool Same(const ProcessedFrame& a, const ProcessedFrame& b) {
  if (!(a.outcome == b.outcome) || a.sent.size() != b.sent.size()) return false;
  for (size_t i = 0; i < a.sent.size(); ++i) {
    if (a.sent[i].egress != b.sent[i].egress || a.sent[i].frame != b.sent[i].frame) return false;
  }
  return true;
}

class Differential : public testing::Test {
 protected:
  void SetUp() override {
    DatapathOptions options;
    options.datapath = "card";
    auto card = OpenDatapath(options);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = *std::move(card);
    software_ = std::make_unique<Datapath>(MakePipelineExecutor(card_->executor().sizes()));
  }

  void Program(const Forwarding& forwarding, bool forget) {
    for (Datapath* datapath : {card_.get(), software_.get()}) {
      const absl::Status status = datapath->Program(forwarding);
      ASSERT_TRUE(status.ok()) << status;
      if (forget) {
        ASSERT_TRUE(datapath->Forget().ok());
      }
    }
    ASSERT_EQ(card_->image(), software_->image());
  }

  void CompareBurst(RandomTraffic& traffic, size_t first) {
    const std::vector<ReceivedFrame> burst = traffic.Burst(kBurst);
    now_ += absl::Seconds(1);
    auto by_software = software_->Process(burst, now_);
    auto by_card = card_->Process(burst, now_);
    ASSERT_TRUE(by_software.ok()) << by_software.status();
    ASSERT_TRUE(by_card.ok()) << by_card.status();
    for (size_t i = 0; i < burst.size(); ++i) {
      ASSERT_TRUE(Same((*by_software)[i], (*by_card)[i]))
          << "packet " << first + i << " from " << Name(burst[i].ingress) << ": "
          << DescribeFrame(burst[i].frame) << "\n  software: " << Describe((*by_software)[i])
          << "\n  card:     " << Describe((*by_card)[i]);
      const Outcome& outcome = (*by_card)[i].outcome;
      ++fates_[fmt::format("{} {}", Name(outcome.verdict), Name(outcome.reason))];
    }
    traffic.Learn(*by_card);
  }

  std::unique_ptr<Datapath> card_, software_;
  std::map<std::string, size_t> fates_;
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(Differential, CardAndPipelineGiveTheSameBytes) {
  const uint64_t seed = Seed();
  fmt::print("note: seed {:#x} (set POINTSMAN_TEST_SEED to repeat)\n", seed);
  Random random(seed);
  size_t compared = 0;
  for (int round = 0; compared < kPackets; ++round) {
    Forwarding forwarding;
    RandomTraffic traffic(random);
    for (bool forget :
         {true, false}) {  // every second forwarding meets the connections of the one before
      forwarding = RandomForwarding(random);
      traffic.SetForwarding(forwarding);
      Program(forwarding, forget);
      if (HasFatalFailure()) return;
      for (size_t i = 0; i < kPacketsAForwarding && !HasFatalFailure();
           i += kBurst, compared += kBurst) {
        CompareBurst(traffic, compared);
      }
      if (HasFatalFailure()) return;
    }
  }
  fmt::print("note: {} packets the same byte for byte\n", compared);
  for (const auto& [fate, count] : fates_) fmt::print("{:8} {}\n", count, fate);
}

}  // namespace
}  // namespace pointsman
