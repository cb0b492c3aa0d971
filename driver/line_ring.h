// A ring of 64-byte lines in memory that host and card see (docs/card.md, "Rings").
//
// Line indices count lines ever and wrap at 2^32; the place of line i is i mod lines(). The ring
// moves bytes only: who owns which line is the business of its user. Not thread-safe.
#ifndef POINTSMAN_DRIVER_LINE_RING_H_
#define POINTSMAN_DRIVER_LINE_RING_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

inline constexpr uint32_t kLineBytes = sizeof(LineBits);

// Lines that hold so many bytes.
constexpr uint32_t LinesFor(uint32_t bytes) { return (bytes + kLineBytes - 1) / kLineBytes; }

class LineRing {
 public:
  // 2^lines_log2 lines, all zero on both sides. Errors: those of Transport::AllocateBuffer and
  // Sync.
  static absl::StatusOr<LineRing> Create(Transport& transport, uint32_t lines_log2);

  uint32_t lines() const { return lines_; }
  uint64_t device_address() const { return buffer_->device_address(); }

  // The host's copy of line `index`.
  LineBits Get(uint32_t index) const;
  void Put(uint32_t index, const LineBits& line);

  // Bytes from the start of line `index`, across the ring's end. PutBytes fills the last line with
  // zeros. REQUIRES: they fit in the ring.
  void GetBytes(uint32_t index, std::span<uint8_t> bytes) const;
  void PutBytes(uint32_t index, std::span<const uint8_t> bytes);

  // Makes lines [index, index + count) of the host's copy the card's, or the reverse.
  // REQUIRES: count <= lines().
  absl::Status SyncToCard(uint32_t index, uint32_t count);
  absl::Status SyncFromCard(uint32_t index, uint32_t count);

 private:
  LineRing(std::unique_ptr<Buffer> buffer, uint32_t lines)
      : buffer_(std::move(buffer)), lines_(lines) {}

  size_t Place(uint32_t index) const { return size_t{index & (lines_ - 1)} * kLineBytes; }
  // Calls visit(offset in the buffer, size) for the one or two pieces of a range.
  template <class Visit>
  void ForEachPiece(uint32_t index, size_t size_bytes, Visit visit) const;

  std::unique_ptr<Buffer> buffer_;
  uint32_t lines_;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_LINE_RING_H_
