// The event ring (docs/card.md, "Rings"): what the card did to its connection tables.
#ifndef POINTSMAN_DRIVER_EVENT_RING_H_
#define POINTSMAN_DRIVER_EVENT_RING_H_

#include <cstdint>

#include "absl/status/status.h"
#include "driver/card.h"
#include "driver/consumer_ring.h"

namespace pointsman {

class EventRing {
 public:
  // `sizes` are the card's; `transport` is borrowed and outlives this.
  EventRing(Transport& transport, LineRing ring, const CardSizes& sizes);

  // Appends the events up to `event_tail` of the status line to output.events and
  // output.events_ipv6.
  // Errors: Internal naming line and field, when index, kind, table or a row is impossible. After
  // an error the ring must not be used again.
  absl::Status Collect(uint32_t event_tail, CardOutput& output);

 private:
  absl::Status Take(const LineBits& line, CardOutput& output) const;
  absl::Status CheckKind(EventKind kind) const;
  absl::Status CheckRow(const char* field, TableId table, uint32_t row) const;

  ConsumerRing ring_;
  CardSizes sizes_;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_EVENT_RING_H_
