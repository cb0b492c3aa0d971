// Messages from one process to another through memory that both can write: one writer, one reader,
// no locks. Each side keeps its own index to itself and believes the other's only as far as it is
// possible, so that whatever the other process does to the memory ends in an error, never outside
// of it. (boost::lockfree::spsc_queue reads both indices from the memory, unchecked.)
//
// A message is a length and that many bytes, padded to 8. Not thread-safe: one thread a side.
#ifndef POINTSMAN_HOST_CARDD_MESSAGE_RING_H_
#define POINTSMAN_HOST_CARDD_MESSAGE_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::cardd {

// Bytes ever written and read, where both sides see them.
struct RingIndices {
  alignas(64) std::atomic<uint64_t> written = 0;
  alignas(64) std::atomic<uint64_t> read = 0;
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

inline constexpr size_t kMessageBytesMax = 1 << 16;

class RingWriter {
 public:
  // Borrows both, which are new. REQUIRES: bytes.size() is a power of two, twice kMessageBytesMax
  // at least.
  RingWriter(RingIndices& indices, std::span<uint8_t> bytes) : indices_(indices), bytes_(bytes) {}

  // False: there is no room now. Internal: the reader's index is impossible. InvalidArgument: the
  // message is longer than kMessageBytesMax.
  absl::StatusOr<bool> Write(std::span<const uint8_t> message);

 private:
  void Copy(std::span<const uint8_t> from, uint64_t at);

  RingIndices& indices_;
  std::span<uint8_t> bytes_;
  uint64_t written_ = 0;
};

class RingReader {
 public:
  // As for RingWriter.
  RingReader(RingIndices& indices, std::span<const uint8_t> bytes)
      : indices_(indices), bytes_(bytes) {}

  // False: there is none now. Internal: the writer's index or a message's length is impossible.
  absl::StatusOr<bool> Read(std::vector<uint8_t>& message);

 private:
  void Copy(uint64_t at, std::span<uint8_t> to) const;

  RingIndices& indices_;
  std::span<const uint8_t> bytes_;
  uint64_t read_ = 0;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_MESSAGE_RING_H_
