#include "sim/card/xrt_shim.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fmt/format.h"
#include "hw/card_layout.h"
#include "sim/card/memory_map.h"
#include "sim/card/options.h"
#include "sim/card/switched_wire.h"
#include "sim/card/verilated_model.h"

namespace pointsman {
namespace {

constexpr uint32_t kLineRateGbps = 100;  // QSFP28
constexpr const char* kKernel = "pointsman_card:pointsman_card_1";

absl::Status CheckForThisCard(const XclbinContents& xclbin) {
  if (xclbin.kernels.size() != 1 || xclbin.kernels[0] != kKernel) {
    return absl::InvalidArgumentError(
        fmt::format("xclbin: it is not for this card: its only kernel must be {}", kKernel));
  }
  for (const XclbinBank& bank : xclbin.banks) {
    bool known = bank.size_bytes == 0;
    for (const MemoryBank& ours : kMemoryBanks) {
      known = known || (bank.base == ours.base && bank.size_bytes <= ours.size_bytes);
    }
    if (!known) {
      return absl::InvalidArgumentError(fmt::format(
          "xclbin: MEM_TOPOLOGY: the simulated card has no bank {} at {:#x} of {} bytes", bank.tag,
          bank.base, bank.size_bytes));
    }
  }
  return absl::OkStatus();
}

int ErrnoFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return EINVAL;
    case absl::StatusCode::kResourceExhausted:
      return ENOMEM;
    case absl::StatusCode::kUnavailable:
      return EBUSY;
    case absl::StatusCode::kFailedPrecondition:
      return ENODEV;
    case absl::StatusCode::kDeadlineExceeded:
      return ETIMEDOUT;
    default:
      return EIO;
  }
}

// Null stays null.
std::unique_ptr<Wire> Switched(std::unique_ptr<Wire> wire,
                               std::shared_ptr<const std::atomic<bool>> on) {
  if (wire == nullptr) return wire;
  return std::make_unique<SwitchedWire>(std::move(wire), std::move(on));
}

}  // namespace

int ReportForXrt(const char* call, const absl::Status& status) {
  const bool said = status.GetPayload(Fault::kPayload).has_value();
  if (!status.ok() && !said) {
    fmt::print(stderr, "pointsman: simulated card: {}: {}\n", call, std::string(status.message()));
  }
  return -ErrnoFor(status);
}

absl::StatusOr<std::unique_ptr<XrtShim>> XrtShim::Open() {
  absl::StatusOr<EnvironmentOptions> environment = ReadEnvironment(std::getenv);
  if (!environment.ok()) return environment.status();
  SimulatedCardOptions options;
  absl::StatusOr<std::unique_ptr<Wire>> uplink = OpenWire(environment->uplink);
  if (!uplink.ok()) return uplink.status();
  absl::StatusOr<std::unique_ptr<Wire>> node = OpenWire(environment->node);
  if (!node.ok()) return node.status();
  auto link = std::make_shared<std::atomic<bool>>(environment->link == Link::kAlways);
  options.uplink = Switched(*std::move(uplink), link);
  options.node = Switched(*std::move(node), link);
  options.waveform_path = environment->waveform_path;
  options.pipeline_trace_path = environment->pipeline_trace_path;
  options.cycle_budget = environment->cycle_budget;
  options.line_rate_gbps = kLineRateGbps;
  auto card = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
  if (!card.ok()) return card.status();
  return std::unique_ptr<XrtShim>(new XrtShim(*std::move(card), std::move(link)));
}

XrtShim::XrtShim(std::unique_ptr<SimulatedCard> card, std::shared_ptr<std::atomic<bool>> link)
    : link_(std::move(link)), new_card_(std::move(card)) {}

absl::Status XrtShim::LoadXclbin(absl::Span<const uint8_t> container) {
  absl::StatusOr<XclbinContents> contents = ReadXclbin(container);
  if (!contents.ok()) return contents.status();
  if (absl::Status status = CheckForThisCard(*contents); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (xclbin_.has_value() && xclbin_->uuid == contents->uuid) return absl::OkStatus();
  if (!buffers_.empty()) {
    return absl::UnavailableError("xclbin: buffers of the one loaded before are open");
  }
  if (runner_ == nullptr) {
    absl::StatusOr<std::unique_ptr<CardRunner>> runner = CardRunner::Start(std::move(new_card_));
    if (!runner.ok()) return runner.status();
    runner_ = *std::move(runner);
  }
  banks_.clear();
  for (const XclbinBank& bank : contents->banks) {
    banks_.emplace_back(bank.tag, bank.base, bank.size_bytes);
  }
  xclbin_ = *std::move(contents);
  return absl::OkStatus();
}

absl::Status XrtShim::OpenContext(uint32_t ip_index, bool shared) {
  const std::lock_guard lock(mutex_);
  int& holders = contexts_[ip_index];
  if (holders < 0 || (holders > 0 && !shared)) {
    return absl::UnavailableError(
        fmt::format("kernel {} is held by another context of this program", ip_index));
  }
  holders = shared ? holders + 1 : -1;
  return absl::OkStatus();
}

void XrtShim::CloseContext(uint32_t ip_index) {
  const std::lock_guard lock(mutex_);
  int& holders = contexts_[ip_index];
  holders = holders > 0 ? holders - 1 : 0;
}

absl::StatusOr<CardRunner*> XrtShim::Runner(uint32_t ip_index) {
  const std::lock_guard lock(mutex_);
  if (runner_ == nullptr) return absl::FailedPreconditionError("no xclbin is loaded");
  if (ip_index >= xclbin_->kernels.size()) {
    return absl::InvalidArgumentError(fmt::format("there is no kernel {}", ip_index));
  }
  return runner_.get();
}

absl::StatusOr<uint32_t> XrtShim::ReadRegister(uint32_t ip_index, uint32_t offset_bytes) {
  absl::StatusOr<CardRunner*> runner = Runner(ip_index);
  if (!runner.ok()) return runner.status();
  return (*runner)->Access([&](SimulatedCard& card) { return card.ReadRegister(offset_bytes); });
}

absl::Status XrtShim::WriteRegister(uint32_t ip_index, uint32_t offset_bytes, uint32_t value) {
  absl::StatusOr<CardRunner*> runner = Runner(ip_index);
  if (!runner.ok()) return runner.status();
  if (offset_bytes == uint32_t(RegisterOffset::kMode) && value != uint32_t(Mode::kBypass)) {
    *link_ = true;
  }
  return (*runner)->Access(
      [&](SimulatedCard& card) { return card.WriteRegister(offset_bytes, value); });
}

}  // namespace pointsman
