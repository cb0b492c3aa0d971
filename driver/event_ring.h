// The event ring (docs/card.md, "Rings"): what the card did to its connection tables.
#ifndef POINTSMAN_DRIVER_EVENT_RING_H_
#define POINTSMAN_DRIVER_EVENT_RING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "driver/consumer_ring.h"

namespace pointsman {

class EventRing {
 public:
  // `sizes` are the card's; `transport` is borrowed and outlives this.
  EventRing(Transport& transport, LineRing ring, const CardSizes& sizes);

  // Appends the events up to `event_tail` of the status line.
  // Errors: Internal naming line and field, when index, kind or a row is impossible. After an error
  // the ring must not be used again.
  absl::Status Collect(uint32_t event_tail, std::vector<EventLine>& events);

 private:
  absl::Status Check(const EventLine& event) const;

  ConsumerRing ring_;
  CardSizes sizes_;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_EVENT_RING_H_
