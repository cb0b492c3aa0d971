#include "sim/card/simulated_card.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"

namespace pointsman {

absl::StatusOr<std::unique_ptr<SimulatedCard>> SimulatedCard::Open(std::unique_ptr<CardModel> model,
                                                                   SimulatedCardOptions options) {
  if (!options.waveform_path.empty()) {
    absl::Status status = model->StartWaveform(options.waveform_path);
    if (!status.ok()) return status;
  }
  const std::string pipeline_trace_path = options.pipeline_trace_path;
  auto card =
      std::unique_ptr<SimulatedCard>(new SimulatedCard(std::move(model), std::move(options)));
  if (!pipeline_trace_path.empty()) {
    absl::Status status = card->StartPipelineTrace(pipeline_trace_path);
    if (!status.ok()) return status;
  }
  card->Reset();
  if (card->fault_.raised()) return card->fault_.status();
  return card;
}

SimulatedCard::SimulatedCard(std::unique_ptr<CardModel> model, SimulatedCardOptions options)
    : model_(std::move(model)),
      pins_(model_->pins()),
      memory_(kMemoryBanks),
      control_(pins_.control),
      host_(pins_.host, memory_, fault_, options.memory_latency_cycles),
      ports_{Port{StreamRxPort(pins_.uplink_rx, options.line_rate_gbps),
                  StreamTxPort("m_axis_uplink_tx", pins_.uplink_tx, options.line_rate_gbps, fault_),
                  std::move(options.uplink)},
             Port{StreamRxPort(pins_.node_rx, options.line_rate_gbps),
                  StreamTxPort("m_axis_node_tx", pins_.node_tx, options.line_rate_gbps, fault_),
                  std::move(options.node)}},
      cycle_budget_(options.cycle_budget == 0 ? std::numeric_limits<uint64_t>::max()
                                              : options.cycle_budget) {}

absl::Status SimulatedCard::StartPipelineTrace(const std::string& path) {
  absl::StatusOr<std::unique_ptr<PipelineTraceFile>> file = PipelineTraceFile::Open(path);
  if (!file.ok()) return file.status();
  pipeline_trace_ = *std::move(file);
  model_->Observe(pipeline_trace_->trace());
  return absl::OkStatus();
}

void SimulatedCard::Reset() {
  *pins_.ap_rst_n = 0;
  for (uint64_t i = 0; i < kResetCycles; ++i) {
    *pins_.ap_clk = 1;
    model_->Evaluate(fault_);
    *pins_.ap_clk = 0;
    model_->Evaluate(fault_);
  }
  *pins_.ap_rst_n = 1;
  model_->Evaluate(fault_);
}

// The ports look at the pins as the rising edge will find them, and change them after it.
void SimulatedCard::Step() {
  control_.Sample();
  host_.Sample(cycles_);
  for (Port& port : ports_) port.tx.Sample(cycles_);
  NoteActivity();
  *pins_.ap_clk = 1;
  model_->Evaluate(fault_);
  ++cycles_;
  control_.Drive();
  host_.Drive(cycles_);
  for (Port& port : ports_) {
    port.rx.Drive();
    port.tx.Drive();
  }
  *pins_.ap_clk = 0;
  model_->Evaluate(fault_);
  if (cycles_ >= next_exchange_) Exchange();
  if (cycles_ >= cycle_budget_) RaiseBudget();
}

void SimulatedCard::NoteActivity() {
  bool active = host_.active() || !control_.idle();
  for (const Port& port : ports_) active = active || port.rx.active() || port.tx.active();
  if (active) last_activity_ = cycles_;
}

bool SimulatedCard::idle() const {
  return cycles_ - last_activity_ > kIdleAfterCycles && ports_[0].rx.pending() == 0 &&
         ports_[1].rx.pending() == 0;
}

void SimulatedCard::Exchange() {
  next_exchange_ = cycles_ + kExchangeCycles;
  if (pipeline_trace_ != nullptr) fault_.Raise(pipeline_trace_->status());
  SendFrames();
  for (Port& port : ports_) {
    if (port.wire == nullptr || port.rx.pending() >= kRxBacklogFrames) continue;
    received_.clear();
    fault_.Raise(port.wire->Receive(kRxBacklogFrames - port.rx.pending(), received_));
    for (Frame& frame : received_) port.rx.Push(std::move(frame));
  }
}

void SimulatedCard::SendFrames() {
  for (Port& port : ports_) {
    if (port.tx.frames().empty()) continue;
    if (port.wire != nullptr) fault_.Raise(port.wire->Send(port.tx.frames()));
    port.tx.frames().clear();
  }
}

absl::Status SimulatedCard::Run(uint64_t cycles, const std::atomic<int>* yield_to) {
  constexpr uint64_t kYieldCheckCycles = 32;
  next_exchange_ = cycles_;
  for (uint64_t i = 0; i < cycles && !fault_.raised(); ++i) {
    if (i % kYieldCheckCycles == 0 && yield_to != nullptr && *yield_to != 0) break;
    Step();
  }
  SendFrames();
  return fault_.status();
}

absl::Status SimulatedCard::CheckRegister(uint32_t offset_bytes) const {
  if (fault_.raised()) return fault_.status();
  if (offset_bytes % 4 == 0 && offset_bytes < kRegisterSpaceBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("register offset {:#x}: must be a multiple of 4 below {:#x}", offset_bytes,
                  kRegisterSpaceBytes));
}

absl::Status SimulatedCard::FinishRegisterAccess(uint32_t offset_bytes) {
  const uint64_t deadline = cycles_ + kRegisterDeadlineCycles;
  while (!control_.idle() && !fault_.raised()) {
    if (cycles_ >= deadline) {
      fault_.Raise(absl::DeadlineExceededError(
          fmt::format("the card hangs: at cycle {} a register access has taken {} cycles; {}",
                      cycles_, kRegisterDeadlineCycles, control_.Describe())));
      break;
    }
    Step();
  }
  SendFrames();
  if (fault_.raised()) return fault_.status();
  if (control_.response() == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("register {:#x}: the card answers with AXI response {} ({})", offset_bytes,
                  control_.response(), control_.response() == 3 ? "DECERR" : "SLVERR"));
}

absl::StatusOr<uint32_t> SimulatedCard::ReadRegister(uint32_t offset_bytes) {
  absl::Status status = CheckRegister(offset_bytes);
  if (!status.ok()) return status;
  control_.StartRead(static_cast<uint16_t>(offset_bytes));
  status = FinishRegisterAccess(offset_bytes);
  if (!status.ok()) return status;
  return control_.value();
}

absl::Status SimulatedCard::WriteRegister(uint32_t offset_bytes, uint32_t value) {
  if (absl::Status status = CheckRegister(offset_bytes); !status.ok()) return status;
  control_.StartWrite(static_cast<uint16_t>(offset_bytes), value);
  return FinishRegisterAccess(offset_bytes);
}

void SimulatedCard::RaiseBudget() {
  fault_.Raise(absl::DeadlineExceededError(
      fmt::format("the card hangs: its budget of {} cycles (POINTSMAN_SIM_CYCLE_BUDGET) is used "
                  "up; {}; {}",
                  cycle_budget_, control_.Describe(), host_.Describe())));
}

std::vector<int> SimulatedCard::PollDescriptors() const {
  std::vector<int> descriptors;
  for (const Port& port : ports_) {
    const int fd = port.wire == nullptr ? -1 : port.wire->PollDescriptor();
    if (fd >= 0) descriptors.push_back(fd);
  }
  return descriptors;
}

}  // namespace pointsman
