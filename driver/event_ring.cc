#include "driver/event_ring.h"

#include <fmt/format.h>

#include "driver/card_tables.h"
#include "driver/status_macros.h"

namespace pointsman {

EventRing::EventRing(Transport& transport, LineRing ring, const CardSizes& sizes)
    : ring_(transport, std::move(ring), RegisterOffset::kEventHead, "event-tail"), sizes_(sizes) {}

absl::Status EventRing::Check(const EventLine& event) const {
  const auto fault = [this](const char* field, uint32_t value, uint32_t most) {
    return absl::InternalError(fmt::format("event ring: line {}: {} is {}, expected at most {}",
                                           ring_.head(), field, value, most));
  };
  if (event.kind < EventKind::kLearn || event.kind > EventKind::kParity) {
    return absl::InternalError(fmt::format("event ring: line {}: kind is {}, expected {}..{}",
                                           ring_.head(), int(event.kind), int(EventKind::kLearn),
                                           int(EventKind::kParity)));
  }
  if (event.kind == EventKind::kParity) {
    const absl::Status found =
        FindRows(sizes_, TableId{event.table}, event.original_row, 1).status();
    if (found.ok()) return found;
    return absl::InternalError(
        fmt::format("event ring: line {}: {}", ring_.head(), std::string(found.message())));
  }
  if (event.original_row >= sizes_.originals) {
    return fault("original-row", event.original_row, sizes_.originals - 1);
  }
  if (event.reply_row >= sizes_.replies) {
    return fault("reply-row", event.reply_row, sizes_.replies - 1);
  }
  return absl::OkStatus();
}

absl::Status EventRing::Collect(uint32_t event_tail, std::vector<EventLine>& events) {
  POINTSMAN_RETURN_IF_ERROR(ring_.SetTail(event_tail));
  while (ring_.available_lines() != 0) {
    const auto event = UnpackLine<EventLine>(ring_.Get(0));
    POINTSMAN_RETURN_IF_ERROR(Check(event));
    events.push_back(event);
    ring_.Consume(1);
  }
  return ring_.Release();
}

}  // namespace pointsman
