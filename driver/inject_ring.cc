#include "driver/inject_ring.h"

#include <fmt/format.h>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {

absl::Status InjectRing::SetHead(uint32_t head) {
  if (head - head_ > published_ - head_) {
    return absl::InternalError(
        fmt::format("status line: inject-head is {}, impossible between {} lines fetched and {} "
                    "written",
                    head, head_, published_));
  }
  head_ = head;
  return absl::OkStatus();
}

void InjectRing::Append(InjectLine line, std::span<const uint8_t> frame) {
  line.length = static_cast<uint16_t>(frame.size());
  ring_.Put(tail_, PackLine(line));
  ring_.PutBytes(tail_ + 1, frame);
  tail_ += LinesOf(frame.size());
}

absl::Status InjectRing::Publish() {
  if (published_ == tail_) return absl::OkStatus();
  POINTSMAN_RETURN_IF_ERROR(ring_.SyncToCard(published_, tail_ - published_));
  POINTSMAN_RETURN_IF_ERROR(WriteRegister(*transport_, RegisterOffset::kInjectTail, tail_));
  published_ = tail_;
  return absl::OkStatus();
}

}  // namespace pointsman
