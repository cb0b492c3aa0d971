// The memory side of m_axi_host: an AXI4 slave in front of CardMemory (ARM IHI 0022, AXI4).
//
// INCR bursts of up to 256 full-width beats, one beat a clock for reads and writes at the same
// time, answers in order after a fixed latency. What AXI forbids is raised as a fault: a burst over
// a 4 KiB border, another size than 64 bytes, an unaligned address, another burst type, a wlast in
// the wrong beat, a request that changes before it is accepted, and an address in no bank.
//
// Each clock: Sample() before the rising edge, Drive() after it. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_AXI_MEMORY_PORT_H_
#define POINTSMAN_SIM_CARD_AXI_MEMORY_PORT_H_

#include <cstdint>
#include <deque>
#include <string>

#include "sim/card/fault.h"
#include "sim/card/memory.h"
#include "sim/card/pins.h"

namespace pointsman {

class AxiMemoryPort {
 public:
  // `pins`, `memory` and `fault` are borrowed and outlive the port.
  AxiMemoryPort(const AxiMemoryPins& pins, CardMemory& memory, Fault& fault,
                uint32_t latency_cycles);

  // Forgets all bursts and drives the pins' reset values.
  void Reset();

  void Sample(uint64_t cycle);
  void Drive(uint64_t cycle);

  // A burst moved or was asked for in the last sampled clock.
  bool active() const { return active_; }
  bool idle() const { return reads_.empty() && writes_.empty() && answers_.empty(); }

  // What is open, for the message about a card that hangs.
  std::string Describe() const;

 private:
  struct Request {
    uint64_t address = 0;
    uint8_t length = 0;  // beats - 1
    uint8_t size = 0;
    uint8_t burst = 0;
    bool operator==(const Request&) const = default;
  };
  struct Burst {
    uint64_t address;
    uint32_t beats;
    uint64_t ready_cycle;
    uint32_t next_beat = 0;
  };
  // One request channel: what was offered and not yet accepted.
  struct Offer {
    Request request;
    bool waiting = false;
  };

  static constexpr size_t kMaxOpenBursts = 32;

  void Accept(const char* channel, const Request& request, bool valid, bool ready, Offer& offer,
              std::deque<Burst>& bursts, uint64_t cycle);
  // Whether the request may be served; raises the fault otherwise.
  bool CheckRequest(const char* channel, const Request& request);
  uint8_t* BeatData(const Burst& burst);
  void SampleWriteBeat(uint64_t cycle);
  void SampleReadBeat();
  void DriveReadBeat(uint64_t cycle);

  AxiMemoryPins pins_;
  CardMemory& memory_;
  Fault& fault_;
  const uint32_t latency_cycles_;

  std::deque<Burst> reads_;
  std::deque<Burst> writes_;
  std::deque<uint64_t> answers_;  // cycle from which each write response may be driven
  Offer read_offer_;
  Offer write_offer_;
  bool active_ = false;
  bool read_beat_driven_ = false;  // rdata holds the beat that waits for rready
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_AXI_MEMORY_PORT_H_
