// The inject ring (docs/card.md, "Rings"): frames from the host to the card.
#ifndef POINTSMAN_DRIVER_INJECT_RING_H_
#define POINTSMAN_DRIVER_INJECT_RING_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "driver/line_ring.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

class InjectRing {
 public:
  // `transport` is borrowed and outlives this.
  InjectRing(Transport& transport, LineRing ring)
      : transport_(&transport), ring_(std::move(ring)) {}

  // Lines that a frame of so many bytes takes.
  static uint32_t LinesOf(size_t frame_bytes) {
    return 1 + LinesFor(static_cast<uint32_t>(frame_bytes));
  }

  uint32_t lines() const { return ring_.lines(); }
  uint32_t room_lines() const { return ring_.lines() - (tail_ - head_); }

  // Takes the index of the status line. Internal: it is impossible.
  absl::Status SetHead(uint32_t head);

  // Puts a frame behind those before it; line.length is set. The card sees it from Publish on.
  // REQUIRES: room_lines() >= LinesOf(frame.size()).
  void Append(InjectLine line, std::span<const uint8_t> frame);

  // One doorbell for everything appended since the last. Errors: those of the transport.
  absl::Status Publish();

 private:
  Transport* transport_;
  LineRing ring_;
  uint32_t head_ = 0;       // lines the card has fetched
  uint32_t published_ = 0;  // lines the card was told of
  uint32_t tail_ = 0;       // lines written
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_INJECT_RING_H_
