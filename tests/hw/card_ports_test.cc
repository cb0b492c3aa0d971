#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/hw/card_bench.h"

namespace pointsman {
namespace {

constexpr size_t kSizes[] = {60, 63, 64, 65, 127, 128, 129, 1514, 9000, 9215, 9216};

TEST(CardPorts, BypassLeavesFramesAsTheyCame) {
  CardBench bench(1);
  for (Port port : {Port::kUplink, Port::kNode}) {
    const Port other = port == Port::kUplink ? Port::kNode : Port::kUplink;
    std::vector<Bytes> frames;
    for (size_t size : kSizes) {
      frames.push_back(MakeFrame(size, {.verdict = Verdict::kDrop}, static_cast<uint32_t>(size)));
      bench.Receive(port, frames.back());
    }
    ASSERT_TRUE(bench.StepUntil([&] { return bench.sent(other).size() == frames.size(); }));
    for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(bench.sent(other)[i].bytes, frames[i]);
    EXPECT_TRUE(bench.sent(port).empty());
    bench.sent(other).clear();
  }
  EXPECT_EQ(bench.Count(Statistic::kUplinkReceived), std::size(kSizes));
  EXPECT_EQ(bench.Count(Statistic::kUplinkTransmitted), std::size(kSizes));
  EXPECT_EQ(bench.Count(Statistic::kPassed), 2 * std::size(kSizes));
  EXPECT_EQ(bench.Count(Statistic::kDropped), 0u);
}

TEST(CardPorts, VerdictChoosesThePort) {
  CardBench bench(1);
  bench.Write(RegisterOffset::kMode, static_cast<uint32_t>(Mode::kOffload));
  bench.Receive(Port::kUplink,
                MakeFrame(100, {.verdict = Verdict::kForward, .same_port = true}, 1));
  bench.Receive(Port::kUplink, MakeFrame(101, {.verdict = Verdict::kForward}, 2));
  bench.Receive(Port::kUplink,
                MakeFrame(102, {.verdict = Verdict::kDrop, .reason = Reason::kFrontendDrop}, 3));
  bench.Receive(Port::kUplink, MakeFrame(103, {}, 4));
  bench.Step(200);
  ASSERT_EQ(bench.sent(Port::kUplink).size(), 1u);
  EXPECT_EQ(bench.sent(Port::kUplink)[0].bytes.size(), 100u);
  ASSERT_EQ(bench.sent(Port::kNode).size(), 2u);
  EXPECT_EQ(bench.Count(Statistic::kForwarded), 2u);
  EXPECT_EQ(bench.Count(Statistic::kPassed), 1u);
  EXPECT_EQ(bench.Count(Statistic::kDropped), 1u);
  EXPECT_EQ(bench.Count(Reason::kFrontendDrop), 1u);
}

TEST(CardPorts, OneBeatFramesBackToBackGoThroughAtOneAClock) {
  CardBench bench(1);
  constexpr uint32_t kFrames = 10000;
  for (uint32_t i = 0; i < kFrames; ++i) bench.Receive(Port::kUplink, MakeFrame(64, {}, i));
  ASSERT_TRUE(bench.StepUntil([&] { return bench.sent(Port::kNode).size() == kFrames; }));
  const auto& sent = bench.sent(Port::kNode);
  EXPECT_EQ(sent.back().last_cycle - sent.front().first_cycle, kFrames - 1);
  for (uint32_t i = 0; i < kFrames; ++i) ASSERT_EQ(sent[i].bytes, MakeFrame(64, {}, i)) << i;
}

TEST(CardPorts, LatencyOfAOneBeatFrame) {
  CardBench bench(1);
  constexpr uint64_t kStandIn = 24;  // LATENCY of the stand-in
  bench.Receive(Port::kUplink, MakeFrame(64, {}, 1));
  const uint64_t before = bench.cycle();
  ASSERT_TRUE(bench.StepUntil([&] { return !bench.sent(Port::kNode).empty(); }));
  const uint64_t cycles = bench.sent(Port::kNode)[0].first_cycle - before - 1;
  RecordProperty("latency_cycles_without_datapath", fmt::format("{}", cycles - kStandIn));
  EXPECT_EQ(cycles - kStandIn, 13u);
}

TEST(CardPorts, BothPortsShareTheDatapathFairly) {
  CardBench bench(1);
  for (uint32_t i = 0; i < 400; ++i) {
    bench.Receive(Port::kUplink, MakeFrame(64, {}, i));
    bench.Receive(Port::kNode, MakeFrame(64, {}, i));
  }
  ASSERT_TRUE(bench.StepUntil([&] {
    return bench.sent(Port::kNode).size() == 400 && bench.sent(Port::kUplink).size() == 400;
  }));
  EXPECT_NEAR(static_cast<double>(bench.sent(Port::kNode).back().last_cycle),
              static_cast<double>(bench.sent(Port::kUplink).back().last_cycle), 2);
}

TEST(CardPorts, BadAndTooLongFramesAreDroppedWhole) {
  CardBench bench(1);
  bench.Receive(Port::kUplink, MakeFrame(300, {}, 1), true);
  bench.Receive(Port::kUplink, MakeFrame(9217, {}, 2));
  bench.Receive(Port::kUplink, MakeFrame(20000, {}, 3));
  bench.Receive(Port::kUplink, MakeFrame(64, {}, 4), true);
  bench.Receive(Port::kUplink, MakeFrame(300, {}, 5));
  bench.Step(1000);
  ASSERT_EQ(bench.sent(Port::kNode).size(), 1u);
  EXPECT_EQ(bench.sent(Port::kNode)[0].bytes, MakeFrame(300, {}, 5));
  EXPECT_EQ(bench.Count(Reason::kReceiveError), 4u);
  EXPECT_EQ(bench.Count(Statistic::kDropped), 4u);
  EXPECT_EQ(bench.Count(Statistic::kUplinkReceived), 1u);
}

// Both ports at a beat a clock are twice what the datapath takes.
TEST(CardPorts, ReceiveOverflowDropsWholeFrames) {
  CardBench bench(1);
  constexpr uint32_t kFrames = 400;
  for (uint32_t i = 0; i < kFrames; ++i) {
    bench.Receive(Port::kUplink, MakeFrame(700, {}, i));
    bench.Receive(Port::kNode, MakeFrame(700, {}, i));
  }
  ASSERT_TRUE(bench.StepUntil([&] { return !bench.receiving(); }));
  bench.Step(2000);
  uint32_t next[2] = {0, 0};
  for (Port port : {Port::kUplink, Port::kNode}) {
    for (const SentFrame& sent : bench.sent(port)) {
      uint32_t& number = next[static_cast<size_t>(port)];
      while (number < kFrames && sent.bytes != MakeFrame(700, {}, number)) ++number;
      ASSERT_LT(number, kFrames) << "a frame that never came";
      ++number;
    }
  }
  const size_t sent = bench.sent(Port::kUplink).size() + bench.sent(Port::kNode).size();
  EXPECT_LT(sent, 2 * kFrames);
  EXPECT_EQ(bench.Count(Reason::kReceiveOverflow), 2 * kFrames - sent);
  EXPECT_EQ(bench.Count(Statistic::kDropped), 2 * kFrames - sent);
}

// The bench fails a test whose frames have gaps, whatever the receiver's readiness.
TEST(CardPorts, SlowReceiverGetsWholeFramesWithoutGaps) {
  CardBench bench(1);
  bench.SetReady(Port::kNode, [](uint64_t cycle) { return cycle % 3 == 0; });
  constexpr uint32_t kFrames = 300;
  for (uint32_t i = 0; i < kFrames; ++i) bench.Receive(Port::kUplink, MakeFrame(640, {}, i));
  ASSERT_TRUE(bench.StepUntil([&] { return !bench.receiving(); }));
  bench.Step(10000);
  uint32_t number = 0;
  for (const SentFrame& sent : bench.sent(Port::kNode)) {
    while (number < kFrames && sent.bytes != MakeFrame(640, {}, number)) ++number;
    ASSERT_LT(number, kFrames) << "a frame that never came";
  }
  const size_t dropped = kFrames - bench.sent(Port::kNode).size();
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(bench.Count(Reason::kTransmitOverflow), dropped);
  EXPECT_EQ(bench.Count(Statistic::kNodeTransmitted), bench.sent(Port::kNode).size());
}

}  // namespace
}  // namespace pointsman
