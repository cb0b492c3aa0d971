#include <algorithm>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/hw/ring_bench.h"

namespace pointsman {
namespace {

constexpr size_t kSizes[] = {60, 64, 65, 128, 129, 1514, 9000, 9216};

class CardPunt : public testing::TestWithParam<uint32_t> {
 protected:
  CardPunt() : bench_(GetParam()), rings_(bench_) {
    rings_.Start();
    bench_.Write(RegisterOffset::kMode, static_cast<uint32_t>(Mode::kOffload));
  }

  // Takes punted frames until there are `count`.
  std::vector<Punted> Take(size_t count) {
    std::vector<Punted> all;
    EXPECT_TRUE(bench_.StepUntil(
        [&] {
          for (Punted& punted : rings_.TakePunted()) all.push_back(std::move(punted));
          return all.size() >= count;
        },
        100000));
    return all;
  }

  CardBench bench_;
  RingBench rings_;
};

TEST_P(CardPunt, FramesFromAPort) {
  for (size_t size : kSizes) {
    bench_.Receive(Port::kNode,
                   MakeFrame(size, {.verdict = Verdict::kPunt, .reason = Reason::kTooBig},
                             static_cast<uint32_t>(size)));
  }
  const std::vector<Punted> taken = Take(std::size(kSizes));
  uint64_t cycle = 0;
  for (size_t i = 0; i < taken.size(); ++i) {
    const PuntLine& line = taken[i].line;
    EXPECT_EQ(taken[i].frame,
              MakeFrame(kSizes[i], {.verdict = Verdict::kPunt, .reason = Reason::kTooBig},
                        static_cast<uint32_t>(kSizes[i])));
    EXPECT_EQ(line.sequence, i);
    EXPECT_EQ(line.verdict, Verdict::kPunt);
    EXPECT_EQ(line.reason, Reason::kTooBig);
    EXPECT_EQ(line.ingress, Port::kNode);
    EXPECT_EQ(line.attempt, 0);
    EXPECT_EQ(line.injected, 0);
    EXPECT_GT(line.cycle, cycle);
    cycle = line.cycle;
  }
  EXPECT_EQ(bench_.Count(Statistic::kPunted), std::size(kSizes));
  EXPECT_EQ(bench_.Count(Reason::kTooBig), std::size(kSizes));
}

// Those of frames that never enter the datapath are the ports' own.
TEST_P(CardPunt, EveryReasonIsCounted) {
  for (uint8_t number = 10; number <= static_cast<uint8_t>(Reason::kHostConnections); ++number) {
    const Reason reason = static_cast<Reason>(number);
    if (reason == Reason::kReceiveOverflow || reason == Reason::kReceiveError) continue;
    const uint32_t before = bench_.Count(reason);
    bench_.Receive(Port::kUplink, MakeFrame(64, {.verdict = Verdict::kPunt, .reason = reason}, 1));
    ASSERT_EQ(Take(1).size(), 1u) << Name(reason);
    EXPECT_EQ(bench_.Count(reason), before + 1) << Name(reason);
  }
}

TEST_P(CardPunt, InjectedFramesComeBackCaptured) {
  bench_.Write(RegisterOffset::kCapture, 1);
  const Treatment forwarded = {.verdict = Verdict::kForward, .event = true};
  for (uint32_t i = 0; i < std::size(kSizes); ++i) {
    rings_.PutInjected({.tag = 0xabc00000 + i, .ingress = Port::kNode, .attempt = uint8_t(i)},
                       MakeFrame(kSizes[i], forwarded, i));
  }
  rings_.RingInjected();
  const std::vector<Punted> taken = Take(std::size(kSizes));
  for (uint32_t i = 0; i < taken.size(); ++i) {
    const PuntLine& line = taken[i].line;
    EXPECT_EQ(taken[i].frame, MakeFrame(kSizes[i], forwarded, i));
    EXPECT_EQ(line.verdict, Verdict::kForward);
    EXPECT_EQ(line.ingress, Port::kNode);
    EXPECT_EQ(line.egress, Port::kUplink);
    EXPECT_EQ(line.attempt, i);
    EXPECT_EQ(line.injected, 1);
    EXPECT_EQ(line.tag, 0xabc00000 + i);
    EXPECT_EQ(line.frontend_counter, i);
    EXPECT_EQ(line.endpoint, i);
    EXPECT_EQ(line.learned, 1);
  }
  EXPECT_EQ(rings_.Status().inject_head, rings_.inject_tail());
  EXPECT_EQ(bench_.Count(Statistic::kCaptured), std::size(kSizes));
  EXPECT_TRUE(bench_.sent(Port::kUplink).empty());
  EXPECT_TRUE(bench_.sent(Port::kNode).empty());
}

TEST_P(CardPunt, CaptureShowsDropsToo) {
  bench_.Write(RegisterOffset::kCapture, 1);
  const Bytes frame =
      MakeFrame(200, {.verdict = Verdict::kDrop, .reason = Reason::kTunnelCongestion}, 1);
  bench_.Receive(Port::kUplink, frame);
  const std::vector<Punted> taken = Take(1);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].frame, frame);
  EXPECT_EQ(taken[0].line.verdict, Verdict::kDrop);
  EXPECT_EQ(taken[0].line.reason, Reason::kTunnelCongestion);
  EXPECT_EQ(bench_.Count(Statistic::kDropped), 1u);
}

TEST_P(CardPunt, TransmitLeavesByItsPort) {
  const Bytes frame = MakeFrame(777, {.verdict = Verdict::kDrop}, 1);
  rings_.PutInjected({.action = InjectAction::kTransmit, .egress = Port::kNode}, frame);
  rings_.PutInjected({.action = InjectAction::kTransmit, .egress = Port::kUplink}, frame);
  rings_.RingInjected();
  ASSERT_TRUE(bench_.StepUntil([&] { return !bench_.sent(Port::kUplink).empty(); }));
  ASSERT_EQ(bench_.sent(Port::kNode).size(), 1u);
  EXPECT_EQ(bench_.sent(Port::kNode)[0].bytes, frame);
  EXPECT_EQ(bench_.sent(Port::kUplink)[0].bytes, frame);
}

// The ring and the card's queue fill; later frames are dropped whole. Drained, it goes on.
TEST_P(CardPunt, FullRingDropsAndRecovers) {
  constexpr uint32_t kFrames = 600;
  const Treatment punt = {.verdict = Verdict::kPunt};
  for (uint32_t i = 0; i < kFrames; ++i) bench_.Receive(Port::kUplink, MakeFrame(250, punt, i));
  ASSERT_TRUE(bench_.StepUntil([&] { return !bench_.receiving(); }));
  bench_.Step(3000);
  const uint32_t dropped = bench_.Count(Reason::kPuntRingFull);
  ASSERT_GT(dropped, 0u);
  std::vector<Punted> taken = Take(kFrames - dropped);
  ASSERT_EQ(taken.size(), kFrames - dropped);
  uint32_t number = 0;
  for (const Punted& punted : taken) {
    while (number < kFrames && punted.frame != MakeFrame(250, punt, number)) ++number;
    ASSERT_LT(number, kFrames) << "a frame that never came";
  }
  bench_.Receive(Port::kUplink, MakeFrame(250, punt, kFrames));
  taken = Take(1);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].line.sequence, kFrames - dropped);
  EXPECT_EQ(taken[0].frame, MakeFrame(250, punt, kFrames));
}

// Ports fill the punt queue all the time, and the host is slow: what it injects still comes back.
TEST_P(CardPunt, InjectedFramesAreNeverLost) {
  constexpr uint32_t kInjected = 200;
  const Treatment punt = {.verdict = Verdict::kPunt};
  uint32_t put = 0, back = 0, port_frames = 0;
  while (back < kInjected && bench_.cycle() < 300000) {
    if (!bench_.receiving()) bench_.Receive(Port::kUplink, MakeFrame(500, punt, port_frames++));
    if (put < kInjected && rings_.inject_tail() - rings_.Status().inject_head < 800) {
      rings_.PutInjected({.tag = put}, MakeFrame(64 + put * 45, punt, put));
      rings_.RingInjected();
      ++put;
    }
    bench_.Step(1 + bench_.cycle() % 7 * 20);
    for (const Punted& punted : rings_.TakePunted()) {
      if (punted.line.injected == 0) continue;
      ASSERT_EQ(punted.line.tag, back);
      ASSERT_EQ(punted.frame, MakeFrame(64 + back * 45, punt, back));
      ++back;
    }
  }
  EXPECT_EQ(back, kInjected);
  EXPECT_EQ(bench_.Errors(), 0u);
}

// Two lines a small frame, on both rings at once.
TEST_P(CardPunt, ALineAClockEachWay) {
  constexpr uint32_t kFrames = 4000;
  const Treatment punt = {.verdict = Verdict::kPunt};
  RingBench rings(bench_, {.inject_lines_log2 = 13, .punt_lines_log2 = 13});
  rings.Stop();
  rings.Start();
  for (uint32_t i = 0; i < kFrames; ++i) rings.PutInjected({.tag = i}, MakeFrame(64, punt, i));
  rings.RingInjected();
  const uint64_t before = bench_.cycle();
  ASSERT_TRUE(bench_.StepUntil([&] { return rings.Status().punt_tail == 2 * kFrames; }));
  const uint64_t cycles = bench_.cycle() - before;
  RecordProperty("lines_per_cycle", fmt::format("{:.3f}", 2.0 * kFrames / double(cycles)));
  EXPECT_LT(cycles, 2 * kFrames * 11 / 10 + 12 * GetParam());
  EXPECT_EQ(rings.TakePunted().size(), kFrames);
}

INSTANTIATE_TEST_SUITE_P(MemoryLatency, CardPunt, testing::Values(1, 100));

}  // namespace
}  // namespace pointsman
