// The punt ring (docs/card.md, "Rings"): frames from the card to the host.
#ifndef POINTSMAN_DRIVER_PUNT_RING_H_
#define POINTSMAN_DRIVER_PUNT_RING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "driver/card.h"
#include "driver/consumer_ring.h"

namespace pointsman {

class PuntRing {
 public:
  // Frames are at most frame_bytes_max long. `transport` is borrowed and outlives this.
  PuntRing(Transport& transport, LineRing ring, uint32_t frame_bytes_max);

  // Appends the records up to `punt_tail` of the status line. A record that is not whole yet stays
  // for the next call.
  // Errors: Internal naming line and field, when index, length, sequence number or an enumeration
  // is impossible. After an error the ring must not be used again.
  absl::Status Collect(uint32_t punt_tail, std::vector<PuntedFrame>& frames);

  // Taken so far.
  uint64_t records() const { return records_; }

 private:
  absl::Status Check(const PuntLine& line) const;

  ConsumerRing ring_;
  uint32_t frame_bytes_max_;
  uint64_t records_ = 0;  // the next one's sequence number, but that it does not wrap
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_PUNT_RING_H_
