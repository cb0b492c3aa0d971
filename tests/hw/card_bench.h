// A card with the stand-in datapath on the bench: clock, memory, frames at its ports clock by
// clock, and registers.
//
// Faults of protocol (AXI, gaps inside a sent frame) fail the running test. Not thread-safe.
#ifndef POINTSMAN_TESTS_HW_CARD_BENCH_H_
#define POINTSMAN_TESTS_HW_CARD_BENCH_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "hw/card_layout.h"
#include "sim/card/axi_lite_port.h"
#include "sim/card/axi_memory_port.h"
#include "sim/card/card_model.h"
#include "sim/card/memory.h"

namespace pointsman {

using Bytes = std::vector<uint8_t>;

// What the stand-in datapath shall do with a frame: its first byte (tests/hw/datapath_double.sv).
struct Treatment {
  Verdict verdict = Verdict::kPass;
  bool same_port = false;  // leave by the port it came from, not by the other
  bool event = false;
  Reason reason = Reason::kNone;  // or 10 to 24
  uint8_t Byte() const;
};

// `size_bytes` bytes that differ from frame to frame; the first one is the treatment.
Bytes MakeFrame(size_t size_bytes, Treatment treatment, uint32_t number);

struct SentFrame {
  Bytes bytes;
  uint64_t first_cycle = 0;
  uint64_t last_cycle = 0;
};

class CardBench {
 public:
  explicit CardBench(uint32_t memory_latency_cycles);
  ~CardBench();

  void Step(uint64_t cycles = 1);
  // Steps until `done` or `deadline_cycles` have passed; returns whether it was done.
  [[nodiscard]] bool StepUntil(const std::function<bool()>& done, uint64_t deadline_cycles = 20000);
  uint64_t cycle() const { return cycle_; }

  uint32_t Read(uint32_t offset_bytes);
  uint32_t Read(RegisterOffset offset) { return Read(static_cast<uint32_t>(offset)); }
  void Write(uint32_t offset_bytes, uint32_t value);
  void Write(RegisterOffset offset, uint32_t value) { Write(static_cast<uint32_t>(offset), value); }
  uint32_t Count(Statistic statistic);
  uint32_t Count(Reason reason);
  uint32_t Errors() { return Read(RegisterOffset::kError); }

  // Frames into a port: their beats follow one another, one in every clock.
  void Receive(Port port, const Bytes& frame, bool marked_bad = false);
  bool receiving() const { return !incoming_[0].empty() || !incoming_[1].empty(); }

  // Frames that left by a port, the oldest first.
  std::vector<SentFrame>& sent(Port port) { return sent_[static_cast<size_t>(port)]; }
  // Whether the port takes a beat in a given clock; always, unless set.
  void SetReady(Port port, std::function<bool(uint64_t cycle)> ready) {
    ready_[static_cast<size_t>(port)] = std::move(ready);
  }

  CardMemory& memory() { return memory_; }
  // From now on the bus answers reads or writes with SLVERR.
  void FailReads(bool fail) { fail_reads_ = fail; }
  void FailWrites(bool fail) { fail_writes_ = fail; }

 private:
  struct Beat {
    std::array<uint8_t, kBeatBytes> data;
    uint64_t keep;
    bool last;
    bool bad;
  };

  void DriveReceive(size_t port);
  void SampleTransmit(size_t port);
  void FinishRegisterAccess();

  std::unique_ptr<CardModel> model_;
  CardPins pins_;
  Fault fault_;
  CardMemory memory_;
  AxiLitePort control_;
  AxiMemoryPort host_;
  uint64_t cycle_ = 0;
  bool fail_reads_ = false;
  bool fail_writes_ = false;
  std::array<StreamRxPins, 2> receive_pins_;
  std::array<StreamTxPins, 2> transmit_pins_;
  std::array<std::deque<Beat>, 2> incoming_;
  std::array<SentFrame, 2> outgoing_;
  std::array<std::vector<SentFrame>, 2> sent_;
  std::array<std::function<bool(uint64_t)>, 2> ready_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_HW_CARD_BENCH_H_
