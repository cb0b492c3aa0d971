#include "sim/card/stream_port.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace pointsman {
namespace {

// Preamble 8, check sequence 4, gap 12.
constexpr size_t kLineOverheadBytes = 24;

uint64_t KeepMask(size_t bytes) {
  return bytes >= kBeatBytes ? ~uint64_t{0} : (uint64_t{1} << bytes) - 1;
}

}  // namespace

StreamRxPort::StreamRxPort(const StreamRxPins& pins, uint32_t line_rate_gbps)
    : pins_(pins), pace_(line_rate_gbps) {
  *pins_.tvalid = *pins_.tlast = *pins_.tuser = 0;
  *pins_.tkeep = 0;
}

void StreamRxPort::Push(Frame frame) {
  if (frame.bytes.size() < kMinFrameBytes) frame.bytes.resize(kMinFrameBytes);
  queue_.push_back(std::move(frame));
}

void StreamRxPort::Drive() {
  pace_.Tick();
  if (queue_.empty() || (sent_bytes_ == 0 && !pace_.ready())) {
    *pins_.tvalid = 0;
    return;
  }
  const Frame& frame = queue_.front();
  const size_t count = std::min(kBeatBytes, frame.bytes.size() - sent_bytes_);
  auto* data = reinterpret_cast<uint8_t*>(pins_.tdata);
  std::memcpy(data, frame.bytes.data() + sent_bytes_, count);
  std::memset(data + count, 0, kBeatBytes - count);
  sent_bytes_ += count;
  const bool last = sent_bytes_ == frame.bytes.size();
  *pins_.tkeep = KeepMask(count);
  *pins_.tlast = last;
  *pins_.tuser = last && frame.damaged;
  *pins_.tvalid = 1;
  if (!last) return;
  pace_.Spend(frame.bytes.size() + kLineOverheadBytes);
  queue_.pop_front();
  sent_bytes_ = 0;
}

StreamTxPort::StreamTxPort(std::string name, const StreamTxPins& pins, uint32_t line_rate_gbps,
                           Fault& fault)
    : name_(std::move(name)), pins_(pins), pace_(line_rate_gbps), fault_(fault) {
  *pins_.tready = 0;
}

void StreamTxPort::Sample(uint64_t cycle) {
  if (!*pins_.tready) return;
  if (*pins_.tvalid) {
    TakeBeat(cycle);
  } else if (!partial_.empty()) {
    Complain("tvalid has a gap inside a frame");
    partial_.clear();
  }
}

void StreamTxPort::Drive() {
  pace_.Tick();
  *pins_.tready = pace_.ready();
}

void StreamTxPort::TakeBeat(uint64_t cycle) {
  const uint64_t keep = *pins_.tkeep;
  const bool last = *pins_.tlast != 0;
  if ((keep & (keep + 1)) != 0) Complain("tkeep is not contiguous from byte 0");
  if (keep == 0) Complain("a beat has no byte (tkeep is 0)");
  if (!last && keep != ~uint64_t{0}) Complain("a beat before the last is not full");
  const auto* data = reinterpret_cast<const uint8_t*>(pins_.tdata);
  const size_t count = keep == ~uint64_t{0} ? kBeatBytes : __builtin_ctzll(~keep);
  partial_.insert(partial_.end(), data, data + count);
  if (partial_.size() > kMaxFrameBytes) {
    Complain("a frame is longer than 9600 bytes");
    partial_.clear();
    return;
  }
  pace_.Spend(count);
  if (!last) return;
  pace_.Spend(kLineOverheadBytes);
  if (partial_.size() < kMinFrameBytes) partial_.resize(kMinFrameBytes);
  frames_.push_back({std::move(partial_), false, cycle * 1000 / kClockMhz});
  partial_.clear();
}

void StreamTxPort::Complain(const char* what) {
  fault_.Raise(absl::InternalError(
      fmt::format("{}: {} (tkeep {:#x}, tlast {}, {} bytes of the frame before)", name_, what,
                  *pins_.tkeep, *pins_.tlast, partial_.size())));
}

}  // namespace pointsman
