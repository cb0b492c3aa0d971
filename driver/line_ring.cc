#include "driver/line_ring.h"

#include <algorithm>
#include <cstring>

#include "driver/status_macros.h"

namespace pointsman {

absl::StatusOr<LineRing> LineRing::Create(Transport& transport, uint32_t lines_log2) {
  const uint32_t lines = 1u << lines_log2;
  POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<Buffer> buffer,
                             transport.AllocateBuffer(size_t{lines} * kLineBytes));
  std::ranges::fill(buffer->memory(), 0);
  LineRing ring(std::move(buffer), lines);
  POINTSMAN_RETURN_IF_ERROR(ring.SyncToCard(0, lines));
  return ring;
}

template <class Visit>
void LineRing::ForEachPiece(uint32_t index, size_t size_bytes, Visit visit) const {
  const size_t start = Place(index);
  const size_t first = std::min(size_bytes, size_t{lines_} * kLineBytes - start);
  if (first != 0) visit(start, first);
  if (size_bytes != first) visit(0, size_bytes - first);
}

LineBits LineRing::Get(uint32_t index) const {
  LineBits line;
  std::memcpy(line.data(), buffer_->memory().data() + Place(index), kLineBytes);
  return line;
}

void LineRing::Put(uint32_t index, const LineBits& line) {
  std::memcpy(buffer_->memory().data() + Place(index), line.data(), kLineBytes);
}

void LineRing::GetBytes(uint32_t index, std::span<uint8_t> bytes) const {
  uint8_t* to = bytes.data();
  ForEachPiece(index, bytes.size(), [&](size_t offset, size_t size) {
    std::memcpy(to, buffer_->memory().data() + offset, size);
    to += size;
  });
}

void LineRing::PutBytes(uint32_t index, std::span<const uint8_t> bytes) {
  const size_t filled = size_t{LinesFor(static_cast<uint32_t>(bytes.size()))} * kLineBytes;
  const uint8_t* from = bytes.data();
  size_t left = bytes.size();
  ForEachPiece(index, filled, [&](size_t offset, size_t size) {
    uint8_t* to = buffer_->memory().data() + offset;
    const size_t copied = std::min(left, size);
    if (copied != 0) std::memcpy(to, from, copied);
    std::memset(to + copied, 0, size - copied);
    from += copied;
    left -= copied;
  });
}

absl::Status LineRing::SyncToCard(uint32_t index, uint32_t count) {
  absl::Status result;
  ForEachPiece(index, size_t{count} * kLineBytes, [&](size_t offset, size_t size) {
    result.Update(buffer_->SyncToCard(offset, size));
  });
  return result;
}

absl::Status LineRing::SyncFromCard(uint32_t index, uint32_t count) {
  absl::Status result;
  ForEachPiece(index, size_t{count} * kLineBytes, [&](size_t offset, size_t size) {
    result.Update(buffer_->SyncFromCard(offset, size));
  });
  return result;
}

}  // namespace pointsman
