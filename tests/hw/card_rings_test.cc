#include "gtest/gtest.h"
#include "tests/hw/ring_bench.h"

namespace pointsman {
namespace {

constexpr uint32_t Bit(CardError error) { return 1u << static_cast<uint32_t>(error); }

class CardRings : public testing::TestWithParam<uint32_t> {
 protected:
  CardRings() : bench_(GetParam()), rings_(bench_) {
    bench_.Write(RegisterOffset::kMode, static_cast<uint32_t>(Mode::kOffload));
  }

  void ExpectCommandsWork(RingBench& rings) {
    const CommandLine command = {.op = CommandOp::kRead, .table = 3, .index = 5};
    EXPECT_EQ(rings.Do(command).status, CommandStatus::kOk);
  }

  CardBench bench_;
  RingBench rings_;
};

TEST_P(CardRings, StatusLineIsWrittenAtTheStart) {
  rings_.Start();
  ASSERT_TRUE(bench_.StepUntil([&] { return rings_.Status().heartbeat >> 24 == 0xa5; }));
  EXPECT_EQ(rings_.Status().command_head, 0u);
}

TEST_P(CardRings, EventsArriveInOrderAndAreCountedWhenLost) {
  rings_.Start();
  constexpr uint32_t kFrames = 1000;  // more than the ring's 64 and the card's 512
  for (uint32_t i = 0; i < kFrames; ++i) {
    bench_.Receive(Port::kUplink, MakeFrame(64, {.event = true}, i));
  }
  ASSERT_TRUE(bench_.StepUntil([&] { return !bench_.receiving(); }));
  bench_.Step(2000);
  const uint32_t lost = rings_.Status().events_lost;
  EXPECT_GT(lost, 300u);
  EXPECT_EQ(bench_.Count(Statistic::kEventsLost), lost);
  EXPECT_EQ(bench_.Count(Statistic::kLearned), kFrames);
  std::vector<LineBits> events;
  ASSERT_TRUE(bench_.StepUntil([&] {
    for (const LineBits& event : rings_.TakeEvents()) events.push_back(event);
    return events.size() == kFrames - lost;
  }));
  for (uint32_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i][0] >> 8 & 0xffffff, i);
    for (size_t word = 1; word < 7; ++word) ASSERT_EQ(events[i][word], ~uint64_t{0}) << word;
    ASSERT_EQ(events[i][7], 0xffffu);
  }
}

TEST_P(CardRings, DoorbellBeyondTheRingIsAnErrorAndIgnored) {
  const struct {
    RegisterOffset doorbell;
    uint32_t too_far;
  } cases[] = {{RegisterOffset::kCommandTail, 65},
               {RegisterOffset::kInjectTail, 1025},
               {RegisterOffset::kPuntHead, 1},
               {RegisterOffset::kEventHead, 1}};
  for (const auto& c : cases) {
    rings_.Start();
    EXPECT_EQ(bench_.Errors(), 0u);
    bench_.Write(c.doorbell, c.too_far);
    EXPECT_EQ(bench_.Errors(), Bit(CardError::kRingDoorbell));
    EXPECT_EQ(bench_.Read(c.doorbell), 0u);
    ExpectCommandsWork(rings_);
    EXPECT_EQ(rings_.Status().error, Bit(CardError::kRingDoorbell));
    rings_.Stop();
    EXPECT_EQ(bench_.Errors(), 0u);
  }
}

TEST_P(CardRings, SizeOutOfRangeIsAnErrorAndTheRingStandsStill) {
  for (RingSizes sizes :
       {RingSizes{.command_lines_log2 = 3}, RingSizes{.command_lines_log2 = 21}}) {
    RingBench rings(bench_, sizes);
    rings.Start();
    rings.PutCommand({.op = CommandOp::kRead, .table = 3});
    rings.RingCommands();
    bench_.Step(1000);
    EXPECT_EQ(bench_.Errors(), Bit(CardError::kRingSize));
    EXPECT_EQ(rings.Status().command_head, 0u);
    rings.Stop();
  }
  for (RingSizes sizes : {RingSizes{.inject_lines_log2 = 3}, RingSizes{.punt_lines_log2 = 7},
                          RingSizes{.event_lines_log2 = 21}}) {
    RingBench rings(bench_, sizes);
    rings.Start();
    ExpectCommandsWork(rings);
    EXPECT_EQ(bench_.Errors(), Bit(CardError::kRingSize));
    rings.Stop();
  }
}

TEST_P(CardRings, WrongInjectRecordStopsTheInjectRing) {
  for (size_t size : {size_t{13}, size_t{9217}}) {
    rings_.Start();
    rings_.PutInjected({.action = InjectAction::kTransmit}, MakeFrame(100, {}, 1));
    rings_.PutInjected({.action = InjectAction::kTransmit}, MakeFrame(size, {}, 2));
    rings_.PutInjected({.action = InjectAction::kTransmit}, MakeFrame(100, {}, 3));
    rings_.RingInjected();
    bench_.Step(2000);
    EXPECT_EQ(bench_.Errors(), Bit(CardError::kInjectRecord));
    EXPECT_EQ(bench_.sent(Port::kUplink).size(), 1u);
    bench_.sent(Port::kUplink).clear();
    ExpectCommandsWork(rings_);
    rings_.Stop();
  }
}

TEST_P(CardRings, BusErrorStopsTheRingsUntilTheyAreRestarted) {
  for (bool writes : {false, true}) {
    rings_.Start();
    ExpectCommandsWork(rings_);
    if (writes)
      bench_.FailWrites(true);
    else
      bench_.FailReads(true);
    const uint32_t head = rings_.Status().command_head;
    rings_.PutCommand({.op = CommandOp::kWrite, .table = 3, .index = 5});
    rings_.RingCommands();
    bench_.Step(1000);
    bench_.FailReads(false);
    bench_.FailWrites(false);
    EXPECT_EQ(bench_.Errors(), Bit(CardError::kBus));
    EXPECT_EQ(rings_.Status().command_head, head);
    rings_.Stop();
    EXPECT_EQ(bench_.Errors(), 0u);
  }
  rings_.Start();
  ExpectCommandsWork(rings_);
}

// Stopped in the middle of everything, at another moment each time, the card starts afresh.
TEST_P(CardRings, StopAndStartAgainUnderLoad) {
  const Treatment punt = {.verdict = Verdict::kPunt, .event = true};
  for (uint32_t round = 0; round < 40; ++round) {
    rings_.Start();
    for (uint32_t i = 0; i < 20; ++i) {
      bench_.Receive(Port::kUplink, MakeFrame(64 + 37 * i, punt, i));
      rings_.PutInjected({.tag = i}, MakeFrame(64 + 100 * i, punt, i));
      rings_.PutCommand({.op = i % 2 == 0 ? CommandOp::kWrite : CommandOp::kRead,
                         .table = 3,
                         .index = i,
                         .count = i % 2 == 0 ? 1000u : 0u});
    }
    rings_.RingInjected();
    rings_.RingCommands();
    bench_.Step(round * 9);
    rings_.Stop();
    EXPECT_EQ(bench_.Read(RegisterOffset::kCommandTail), 0u);
    EXPECT_EQ(bench_.Read(RegisterOffset::kInjectTail), 0u);
    ASSERT_TRUE(bench_.StepUntil([&] { return !bench_.receiving(); }));
    bench_.Step(300);

    rings_.Start();
    ExpectCommandsWork(rings_);
    EXPECT_EQ(rings_.Status().command_head, 1u);
    rings_.PutInjected({.tag = round}, MakeFrame(9216, punt, round));
    rings_.RingInjected();
    std::vector<Punted> taken;
    ASSERT_TRUE(bench_.StepUntil([&] {
      taken = rings_.TakePunted();
      return !taken.empty();
    })) << "round "
        << round;
    EXPECT_EQ(taken[0].line.sequence, 0u);
    EXPECT_EQ(taken[0].line.tag, round);
    EXPECT_EQ(taken[0].frame, MakeFrame(9216, punt, round));
    rings_.Stop();
  }
  EXPECT_EQ(bench_.Errors(), 0u);
}

INSTANTIATE_TEST_SUITE_P(MemoryLatency, CardRings, testing::Values(1, 100));

}  // namespace
}  // namespace pointsman
