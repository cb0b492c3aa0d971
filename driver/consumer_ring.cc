#include "driver/consumer_ring.h"

#include <fmt/format.h>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {

ConsumerRing::ConsumerRing(Transport& transport, LineRing ring, RegisterOffset doorbell,
                           const char* tail_name)
    : transport_(&transport), ring_(std::move(ring)), doorbell_(doorbell), tail_name_(tail_name) {}

absl::Status ConsumerRing::SetTail(uint32_t tail) {
  const uint32_t fresh = tail - tail_;
  if (fresh > ring_.lines() - (tail_ - released_)) {
    return absl::InternalError(
        fmt::format("status line: {} is {}, impossible behind {} in a ring of {} lines of which {} "
                    "were given back",
                    tail_name_, tail, tail_, ring_.lines(), released_));
  }
  if (fresh == 0) return absl::OkStatus();
  POINTSMAN_RETURN_IF_ERROR(ring_.SyncFromCard(tail_, fresh));
  tail_ = tail;
  return absl::OkStatus();
}

absl::Status ConsumerRing::Release() {
  if (head_ - released_ < ring_.lines() / 4) return absl::OkStatus();
  POINTSMAN_RETURN_IF_ERROR(WriteRegister(*transport_, doorbell_, head_));
  released_ = head_;
  return absl::OkStatus();
}

}  // namespace pointsman
