#include "driver/event_ring.h"

#include <fmt/format.h>

#include "driver/card_tables.h"
#include "driver/status_macros.h"

namespace pointsman {

EventRing::EventRing(Transport& transport, LineRing ring, const CardSizes& sizes)
    : ring_(transport, std::move(ring), RegisterOffset::kEventHead, "event-tail"), sizes_(sizes) {}

absl::Status EventRing::CheckKind(EventKind kind) const {
  if (kind >= EventKind::kLearn && kind <= EventKind::kParity) return absl::OkStatus();
  return absl::InternalError(fmt::format("event ring: line {}: kind is {}, expected {}..{}",
                                         ring_.head(), int(kind), int(EventKind::kLearn),
                                         int(EventKind::kParity)));
}

absl::Status EventRing::CheckRow(const char* field, TableId table, uint32_t row) const {
  const absl::Status found = FindRows(sizes_, table, row, 1).status();
  if (found.ok()) return found;
  return absl::InternalError(fmt::format("event ring: line {}: {}: {}", ring_.head(), field,
                                         std::string(found.message())));
}

absl::Status EventRing::Take(const LineBits& line, CardOutput& output) const {
  const auto event = UnpackLine<EventLine>(line);
  const TableId table{event.table};
  POINTSMAN_RETURN_IF_ERROR(CheckKind(event.kind));
  POINTSMAN_RETURN_IF_ERROR(CheckRow("original-row", table, event.original_row));
  // Of a row the two lines say the same in the same place.
  if (event.kind == EventKind::kParity) {
    output.events.push_back(event);
    return absl::OkStatus();
  }
  switch (table) {
    case TableId::kOriginals:
      output.events.push_back(event);
      return CheckRow("reply-row", TableId::kReplies, event.reply_row);
    case TableId::kOriginalsIpv6:
      output.events_ipv6.push_back(UnpackLine<EventIpv6Line>(line));
      return CheckRow("reply-row", TableId::kRepliesIpv6, event.reply_row);
    default:
      return absl::InternalError(
          fmt::format("event ring: line {}: table is {}, expected that of originals of a family",
                      ring_.head(), int(event.table)));
  }
}

absl::Status EventRing::Collect(uint32_t event_tail, CardOutput& output) {
  POINTSMAN_RETURN_IF_ERROR(ring_.SetTail(event_tail));
  while (ring_.available_lines() != 0) {
    POINTSMAN_RETURN_IF_ERROR(Take(ring_.Get(0), output));
    ring_.Consume(1);
  }
  return ring_.Release();
}

}  // namespace pointsman
