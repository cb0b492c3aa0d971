// A host that does anything: random lines in the rings, random doorbells and registers, random
// frames. The card may refuse, count and report; it must not hang, and must work when it is started
// afresh. Sizes and addresses of rings stay inside the host's memory: what is outside is the bus'.
#include <cstdlib>
#include <random>

#include "gtest/gtest.h"
#include "tests/hw/ring_bench.h"

namespace pointsman {
namespace {

class CardFuzz : public testing::TestWithParam<int> {
 protected:
  CardFuzz() : random_(Seed(GetParam())) {}

  // Param 0 is new each time; POINTSMAN_TEST_SEED repeats one.
  static uint64_t Seed(int param) {
    const char* given = std::getenv("POINTSMAN_TEST_SEED");
    if (given != nullptr) return std::strtoull(given, nullptr, 0);
    return param == 0 ? std::random_device()() : static_cast<uint64_t>(param);
  }

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  uint32_t Word() { return static_cast<uint32_t>(random_()); }

  CommandLine SomeCommand() {
    CommandLine command;
    command.op = static_cast<CommandOp>(Below(4) == 0 ? Below(256) : Below(5));
    command.table = static_cast<uint8_t>(Below(4) == 0 ? Below(256) : Below(12));
    command.index = Below(3) == 0 ? Word() : Below(300);
    command.count = Below(8) == 0 ? Word() : Below(20);
    for (uint64_t& word : command.row) word = random_();
    return command;
  }

  InjectLine SomeInjectLine() {
    InjectLine line;
    line.tag = Word();
    line.action = static_cast<InjectAction>(Below(8) == 0 ? Below(256) : Below(2));
    line.ingress = static_cast<Port>(Below(256));
    line.egress = static_cast<Port>(Below(256));
    line.attempt = static_cast<uint8_t>(Below(256));
    line.directed = static_cast<uint8_t>(Below(256));
    line.endpoint = Word();
    return line;
  }

  Bytes SomeFrame() {
    Bytes frame(Below(50) == 0 ? Below(9300) : 1 + Below(300));
    for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random_());
    if (frame.empty()) frame.push_back(0);
    return frame;
  }

  // Not those that say where the rings are and how long.
  void WriteSomeRegister() {
    static constexpr RegisterOffset kDoorbells[] = {
        RegisterOffset::kCommandTail, RegisterOffset::kInjectTail, RegisterOffset::kPuntHead,
        RegisterOffset::kEventHead};
    switch (Below(4)) {
      case 0:
        bench_.Write(kDoorbells[Below(4)], Below(2) == 0 ? Word() : Below(100));
        break;
      case 1:  // mode, capture, holes, read-only ones
        bench_.Write(Below(0x100) & ~3u, Word());
        break;
      case 2:
        bench_.Write(0x200 + (Below(0x100) & ~3u), Word());
        break;
      default:
        bench_.Write((0x1000 + Below(0xf000)) & ~3u, Word());
    }
  }

  void DoSomething() {
    switch (Below(8)) {
      case 0:
      case 1:
        rings_->PutCommand(SomeCommand());
        rings_->RingCommands();
        break;
      case 2:
      case 3:
        rings_->PutInjected(SomeInjectLine(), SomeFrame());
        if (Below(2) == 0) rings_->RingInjected();
        break;
      case 4:
        WriteSomeRegister();
        break;
      case 5:
        bench_.Receive(Below(2) == 0 ? Port::kUplink : Port::kNode, SomeFrame(), Below(20) == 0);
        break;
      case 6:
        bench_.Read(Below(0x10000) & ~3u);
        break;
      default:
        bench_.Step(Below(300));
    }
  }

  void ExpectAlive() {
    const uint32_t before = bench_.Read(RegisterOffset::kHeartbeat);
    bench_.Step(200);
    EXPECT_EQ(before >> 24, 0xa5u);
    EXPECT_NE(bench_.Read(RegisterOffset::kHeartbeat), before);
  }

  // Stops everything, and does one thing of each kind.
  void ExpectWorksAfresh() {
    bench_.Write(RegisterOffset::kRingEnable, 0);
    ASSERT_TRUE(bench_.StepUntil(
        [&] { return bench_.Read(RegisterOffset::kRingEnable) == 0 && !bench_.receiving(); },
        400'000));
    EXPECT_EQ(bench_.Errors(), 0u);
    bench_.Write(RegisterOffset::kMode, static_cast<uint32_t>(Mode::kOffload));
    bench_.Write(RegisterOffset::kCapture, 0);
    bench_.Step(20'000);  // what is still on its way to the ports
    RingBench rings(bench_);
    rings.Start();
    const ResponseLine written = rings.Do({.op = CommandOp::kWrite, .table = 3, .index = 7});
    EXPECT_EQ(written.status, CommandStatus::kOk);
    bench_.sent(Port::kNode).clear();
    const Bytes frame = MakeFrame(100, {}, 1);
    bench_.Receive(Port::kUplink, frame);
    EXPECT_TRUE(bench_.StepUntil([&] { return !bench_.sent(Port::kNode).empty(); }));
    if (!bench_.sent(Port::kNode).empty()) {
      EXPECT_EQ(bench_.sent(Port::kNode)[0].bytes, frame);
    }
    rings.Stop();
  }

  std::mt19937_64 random_;
  CardBench bench_{16};
  std::unique_ptr<RingBench> rings_;
};

TEST_P(CardFuzz, NeverHangs) {
  RecordProperty("seed", std::to_string(Seed(GetParam())));
  for (int round = 0; round < 25 && !HasFailure(); ++round) {
    rings_ = std::make_unique<RingBench>(bench_);
    rings_->Start();
    for (int i = 0; i < 150; ++i) DoSomething();
    ExpectAlive();
    ExpectWorksAfresh();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CardFuzz, testing::Range(0, 4));

}  // namespace
}  // namespace pointsman
