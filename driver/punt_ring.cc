#include "driver/punt_ring.h"

#include <fmt/format.h>

#include "driver/frame_limits.h"
#include "driver/status_macros.h"

namespace pointsman {

PuntRing::PuntRing(Transport& transport, LineRing ring, uint32_t frame_bytes_max)
    : ring_(transport, std::move(ring), RegisterOffset::kPuntHead, "punt-tail"),
      frame_bytes_max_(frame_bytes_max) {}

absl::Status PuntRing::Check(const PuntLine& line) const {
  const auto fault = [this](const char* field, uint32_t value, const std::string& expected) {
    return absl::InternalError(fmt::format("punt ring: line {}: {} is {}, expected {}",
                                           ring_.head(), field, value, expected));
  };
  if (line.sequence != static_cast<uint32_t>(records_)) {
    return fault("sequence", line.sequence, fmt::format("{}", static_cast<uint32_t>(records_)));
  }
  if (line.length < kFrameBytesMin || line.length > frame_bytes_max_) {
    return fault("length", line.length, fmt::format("{}..{}", kFrameBytesMin, frame_bytes_max_));
  }
  if (line.verdict > Verdict::kDrop) return fault("verdict", uint32_t(line.verdict), "0..3");
  if (line.ingress > Port::kNode) return fault("ingress", uint32_t(line.ingress), "0..1");
  if (line.egress > Port::kNode) return fault("egress", uint32_t(line.egress), "0..1");
  return absl::OkStatus();
}

absl::Status PuntRing::Collect(uint32_t punt_tail, std::vector<PuntedFrame>& frames) {
  POINTSMAN_RETURN_IF_ERROR(ring_.SetTail(punt_tail));
  while (ring_.available_lines() != 0) {
    const auto line = UnpackLine<PuntLine>(ring_.Get(0));
    POINTSMAN_RETURN_IF_ERROR(Check(line));
    const uint32_t lines = 1 + LinesFor(line.length);
    if (lines > ring_.available_lines()) break;
    PuntedFrame& punted = frames.emplace_back();
    punted.line = line;
    punted.frame.resize(line.length);
    ring_.GetBytes(1, punted.frame);
    ring_.Consume(lines);
    ++records_;
  }
  return ring_.Release();
}

}  // namespace pointsman
