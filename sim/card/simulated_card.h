// A card on a simulator: the logic (a CardModel), a clock, reset, memory, and a wire a port.
//
// Used by the XRT library (through CardRunner) and directly by tests and benches, which then own
// the clock: nothing moves outside of Run() and the register accesses. Not thread-safe.
//
// The first fault (an assertion in the RTL, a broken protocol rule, a broken wire, a register
// access that takes longer than kRegisterDeadlineCycles, a used-up cycle budget) ends the card:
// that call and every later one returns it.
#ifndef POINTSMAN_SIM_CARD_SIMULATED_CARD_H_
#define POINTSMAN_SIM_CARD_SIMULATED_CARD_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/card/axi_lite_port.h"
#include "sim/card/axi_memory_port.h"
#include "sim/card/card_model.h"
#include "sim/card/fault.h"
#include "sim/card/memory.h"
#include "sim/card/pipeline_trace_file.h"
#include "sim/card/stream_port.h"
#include "sim/card/wire.h"

namespace pointsman {

struct SimulatedCardOptions {
  std::unique_ptr<Wire> uplink;  // null: no cable
  std::unique_ptr<Wire> node;
  std::string waveform_path;        // FST file; empty: none
  std::string pipeline_trace_path;  // JSON file, see pipeline_trace.h; empty: none
  uint64_t cycle_budget = 0;        // 0: no limit
  uint32_t memory_latency_cycles = 64;
  uint32_t line_rate_gbps = 0;  // of each port; 0: a beat in every clock
};

class SimulatedCard {
 public:
  static constexpr uint64_t kRegisterDeadlineCycles = 10'000;
  static constexpr uint32_t kRegisterSpaceBytes = 0x10000;

  // A card out of reset, at cycle 0.
  // Errors: those of CardModel::StartWaveform and PipelineTraceFile::Open; a fault during reset.
  static absl::StatusOr<std::unique_ptr<SimulatedCard>> Open(std::unique_ptr<CardModel> model,
                                                             SimulatedCardOptions options);

  // Clocks the card until the access is done. `offset_bytes` is a multiple of 4 below
  // kRegisterSpaceBytes.
  // Errors: InvalidArgument for another offset or an AXI error response (the card lives on),
  // DeadlineExceeded when the card does not answer, or the card's fault.
  absl::StatusOr<uint32_t> ReadRegister(uint32_t offset_bytes);
  absl::Status WriteRegister(uint32_t offset_bytes, uint32_t value);

  // Clocks the card. Returns early, without an error, when `yield_to` (where given) is not zero.
  absl::Status Run(uint64_t cycles, const std::atomic<int>* yield_to = nullptr);

  // What the program and m_axi_host share. Use it between calls only.
  CardMemory& memory() { return memory_; }

  uint64_t cycles() const { return cycles_; }

  // No beat, burst or register access for kIdleAfterCycles, and no frame waits to go in.
  bool idle() const;

  const absl::Status& fault() const { return fault_.status(); }

  // Descriptors that become readable when a wire has frames.
  std::vector<int> PollDescriptors() const;

 private:
  static constexpr uint64_t kResetCycles = 16;
  static constexpr uint64_t kIdleAfterCycles = 8192;
  static constexpr uint64_t kExchangeCycles = 256;
  // More than a port can take between two exchanges, so that a full wire keeps it busy.
  static constexpr size_t kRxBacklogFrames = 512;

  struct Port {
    StreamRxPort rx;
    StreamTxPort tx;
    std::unique_ptr<Wire> wire;
  };

  SimulatedCard(std::unique_ptr<CardModel> model, SimulatedCardOptions options);

  absl::Status StartPipelineTrace(const std::string& path);
  void Reset();
  void Step();
  void Exchange();
  void SendFrames();
  void NoteActivity();
  absl::Status FinishRegisterAccess(uint32_t offset_bytes);
  absl::Status CheckRegister(uint32_t offset_bytes) const;
  void RaiseBudget();

  std::unique_ptr<PipelineTraceFile> pipeline_trace_;  // null: none
  std::unique_ptr<CardModel> model_;
  const CardPins pins_;
  Fault fault_;
  CardMemory memory_;
  AxiLitePort control_;
  AxiMemoryPort host_;
  std::array<Port, 2> ports_;  // uplink, node
  std::vector<Frame> received_;
  const uint64_t cycle_budget_;
  uint64_t cycles_ = 0;
  uint64_t next_exchange_ = 0;
  uint64_t last_activity_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_SIMULATED_CARD_H_
