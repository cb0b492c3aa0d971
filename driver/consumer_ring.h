// A ring that the card fills and the host empties: which lines are the host's, and the doorbell
// that gives them back. Punt and event ring are made of it.
#ifndef POINTSMAN_DRIVER_CONSUMER_RING_H_
#define POINTSMAN_DRIVER_CONSUMER_RING_H_

#include <cstdint>

#include "absl/status/status.h"
#include "driver/line_ring.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

class ConsumerRing {
 public:
  // `doorbell` is the register for consumed lines, `tail_name` the status line's field, for
  // messages. `transport` is borrowed and outlives this.
  ConsumerRing(Transport& transport, LineRing ring, RegisterOffset doorbell, const char* tail_name);

  // Takes the index of the status line and fetches the lines that are new. Internal: it is
  // impossible, nothing was fetched.
  absl::Status SetTail(uint32_t tail);

  uint32_t available_lines() const { return tail_ - head_; }
  uint32_t head() const { return head_; }
  // Relative to head(). REQUIRES: within available_lines().
  LineBits Get(uint32_t line) const { return ring_.Get(head_ + line); }
  void GetBytes(uint32_t line, std::span<uint8_t> bytes) const {
    ring_.GetBytes(head_ + line, bytes);
  }

  // REQUIRES: lines <= available_lines().
  void Consume(uint32_t lines) { head_ += lines; }

  // Gives consumed lines back to the card once they are a quarter of the ring: a doorbell takes
  // longer than a hundred packets. Errors: those of the transport.
  absl::Status Release();

 private:
  Transport* transport_;
  LineRing ring_;
  RegisterOffset doorbell_;
  const char* tail_name_;
  uint32_t released_ = 0;  // lines given back
  uint32_t head_ = 0;      // lines consumed
  uint32_t tail_ = 0;      // lines fetched
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_CONSUMER_RING_H_
