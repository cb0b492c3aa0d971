#include "tests/hw/card_bench.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gtest/gtest.h"
#include "sim/card/verilated_model.h"
#include "tests/support/coverage.h"

namespace pointsman {

uint8_t Treatment::Byte() const {
  const unsigned number = reason == Reason::kNone ? 0 : static_cast<unsigned>(reason) - 9;
  return static_cast<uint8_t>(static_cast<unsigned>(verdict) | (same_port ? 4u : 0u) |
                              (event ? 8u : 0u) | number << 4);
}

Bytes MakeFrame(size_t size_bytes, Treatment treatment, uint32_t number) {
  Bytes frame(size_bytes);
  uint32_t state = number * 2654435761u + 1;
  for (uint8_t& byte : frame) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 24);
  }
  frame[0] = treatment.Byte();
  return frame;
}

namespace {

constexpr Reason kReasons[] = {Reason::kPuntRingFull, Reason::kReceiveOverflow,
                               Reason::kTransmitOverflow, Reason::kReceiveError};

// What the datapath's own tests do not meet.
bool ExpectCoverage() {
  Coverage& coverage = Coverage::Get();
  testing::AddGlobalTestEnvironment(&coverage);
  for (const Reason reason : kReasons) coverage.Expect(std::string("reason ") + Name(reason));
  return true;
}
const bool kCoverageIsExpected = ExpectCoverage();

}  // namespace

CardBench::~CardBench() {
  for (const Reason reason : kReasons) {
    const uint32_t times = Count(reason);
    if (times != 0) Coverage::Get().Hit(std::string("reason ") + Name(reason), times);
  }
}

CardBench::CardBench(uint32_t memory_latency_cycles)
    : model_(CreateVerilatedModel()),
      pins_(model_->pins()),
      memory_(kMemoryBanks),
      control_(pins_.control),
      host_(pins_.host, memory_, fault_, memory_latency_cycles),
      receive_pins_{pins_.uplink_rx, pins_.node_rx},
      transmit_pins_{pins_.uplink_tx, pins_.node_tx} {
  constexpr uint64_t kResetCycles = 8;
  *pins_.ap_rst_n = 0;
  Step(kResetCycles);
  *pins_.ap_rst_n = 1;
  Step(kResetCycles);
}

void CardBench::Step(uint64_t cycles) {
  for (uint64_t i = 0; i < cycles; ++i) {
    if (*pins_.ap_rst_n) {
      control_.Sample();
      host_.Sample(cycle_);
      for (size_t port = 0; port < 2; ++port) SampleTransmit(port);
    }
    *pins_.ap_clk = 1;
    model_->Evaluate(fault_);
    ++cycle_;
    control_.Drive();
    host_.Drive(cycle_);
    constexpr uint8_t kSlaveError = 2;
    *pins_.host.rresp = fail_reads_ ? kSlaveError : 0;
    *pins_.host.bresp = fail_writes_ ? kSlaveError : 0;
    for (size_t port = 0; port < 2; ++port) {
      DriveReceive(port);
      *transmit_pins_[port].tready = ready_[port] == nullptr || ready_[port](cycle_);
    }
    *pins_.ap_clk = 0;
    model_->Evaluate(fault_);
    ASSERT_TRUE(fault_.status().ok()) << fault_.status();
  }
}

bool CardBench::StepUntil(const std::function<bool()>& done, uint64_t deadline_cycles) {
  const uint64_t deadline = cycle_ + deadline_cycles;
  while (!done()) {
    if (cycle_ >= deadline || testing::Test::HasFatalFailure()) return false;
    Step();
  }
  return true;
}

void CardBench::FinishRegisterAccess() {
  ASSERT_TRUE(StepUntil([this] { return control_.idle(); }, 100)) << control_.Describe();
  EXPECT_EQ(control_.response(), 0);
}

uint32_t CardBench::Read(uint32_t offset_bytes) {
  control_.StartRead(static_cast<uint16_t>(offset_bytes));
  FinishRegisterAccess();
  return control_.value();
}

void CardBench::Write(uint32_t offset_bytes, uint32_t value) {
  control_.StartWrite(static_cast<uint16_t>(offset_bytes), value);
  FinishRegisterAccess();
}

uint32_t CardBench::Count(Statistic statistic) {
  return Read(static_cast<uint32_t>(RegisterOffset::kStatistics) +
              4 * static_cast<uint32_t>(statistic));
}

uint32_t CardBench::Count(Reason reason) {
  constexpr uint32_t kFirstReasonWord = 32;
  return Read(static_cast<uint32_t>(RegisterOffset::kStatistics) +
              4 * (kFirstReasonWord + static_cast<uint32_t>(reason)));
}

void CardBench::Receive(Port port, const Bytes& frame, bool marked_bad) {
  for (size_t at = 0; at < frame.size(); at += kBeatBytes) {
    const size_t count = std::min(kBeatBytes, frame.size() - at);
    Beat beat = {.data = {},
                 .keep = count == kBeatBytes ? ~uint64_t{0} : (uint64_t{1} << count) - 1,
                 .last = at + count == frame.size(),
                 .bad = marked_bad && at + count == frame.size()};
    std::memcpy(beat.data.data(), frame.data() + at, count);
    incoming_[static_cast<size_t>(port)].push_back(beat);
  }
}

void CardBench::DriveReceive(size_t port) {
  StreamRxPins& pins = receive_pins_[port];
  std::deque<Beat>& beats = incoming_[port];
  *pins.tvalid = !beats.empty();
  if (beats.empty()) return;
  const Beat& beat = beats.front();
  std::memcpy(pins.tdata, beat.data.data(), kBeatBytes);
  *pins.tkeep = beat.keep;
  *pins.tlast = beat.last;
  *pins.tuser = beat.bad;
  beats.pop_front();
}

void CardBench::SampleTransmit(size_t port) {
  const StreamTxPins& pins = transmit_pins_[port];
  SentFrame& frame = outgoing_[port];
  if (!frame.bytes.empty()) {
    EXPECT_TRUE(*pins.tvalid) << "gap in a frame sent by port " << port << " in cycle " << cycle_;
  }
  if (!*pins.tvalid || !*pins.tready) return;
  const int count = std::popcount(*pins.tkeep);
  if (frame.bytes.empty()) frame.first_cycle = cycle_;
  EXPECT_TRUE(*pins.tlast || count == static_cast<int>(kBeatBytes));
  EXPECT_EQ(std::countr_one(*pins.tkeep), count);
  const auto* data = reinterpret_cast<const uint8_t*>(pins.tdata);
  frame.bytes.insert(frame.bytes.end(), data, data + count);
  if (!*pins.tlast) return;
  frame.last_cycle = cycle_;
  sent_[port].push_back(std::move(frame));
  frame = {};
}

}  // namespace pointsman
