// A packet a clock and its way through the card in 64 clocks, whatever the packets are: counts of
// cycles, the same on every machine.
#include <gtest/gtest.h>

#include <memory>

#include "tests/bench/traffic.h"

namespace pointsman {
namespace {

constexpr uint32_t kRounds = 2;
constexpr double kCyclesPerPacketMax = 1.005;
constexpr uint64_t kLatencyCyclesMax = 64;

class CardCyclesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto bench = TrafficBench::Open();
    ASSERT_TRUE(bench.ok()) << bench.status();
    bench_ = *std::move(bench);
  }
  static void ExpectLineRate(const absl::StatusOr<Taken>& taken) {
    ASSERT_TRUE(taken.ok()) << taken.status();
    EXPECT_LE(taken->cycles_per_packet(), kCyclesPerPacketMax);
    EXPECT_LE(taken->latency_cycles_max, kLatencyCyclesMax);
  }

  std::unique_ptr<TrafficBench> bench_;
};

TEST_F(CardCyclesTest, FirstPackets) { ExpectLineRate(bench_->Run(Mix::kFirst, kRounds)); }
TEST_F(CardCyclesTest, Hits) { ExpectLineRate(bench_->Run(Mix::kHits, kRounds)); }
TEST_F(CardCyclesTest, FirstPacketsAndHits) { ExpectLineRate(bench_->Run(Mix::kMixed, kRounds)); }
TEST_F(CardCyclesTest, Ipv6) { ExpectLineRate(bench_->Run(Mix::kIpv6, kRounds)); }
TEST_F(CardCyclesTest, Masqueraded) { ExpectLineRate(bench_->Run(Mix::kMasquerade, kRounds)); }

TEST_F(CardCyclesTest, HitsUnderAnUpdate) {
  ExpectLineRate(bench_->RunUnderUpdate(kRounds));
  EXPECT_GE(bench_->update_rows_per_cycle(), 0.995);
}

}  // namespace
}  // namespace pointsman
