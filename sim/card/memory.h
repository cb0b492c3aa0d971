// The memory of a simulated card: what buffer transfers fill and what m_axi_host reads and writes.
//
// Sparse: a 4 KiB page exists from its first use. Memory that nobody wrote holds 0xa5 bytes, not
// zeros, because a card's memory holds anything at power-up. Pages can also be lent by the host
// (XRT's host-only buffers): then the card and the program see the same bytes at once.
//
// Not thread-safe, except that lent pages may be used by the program at any time, as with DMA.
#ifndef POINTSMAN_SIM_CARD_MEMORY_H_
#define POINTSMAN_SIM_CARD_MEMORY_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sim/card/memory_map.h"

namespace pointsman {

class CardMemory {
 public:
  static constexpr uint64_t kPageBytes = 4096;
  static constexpr uint8_t kNeverWritten = 0xa5;

  // Only addresses inside `banks` exist. Bases and sizes are multiples of the page size.
  explicit CardMemory(absl::Span<const MemoryBank> banks);

  // Errors: OutOfRange if a byte of the range is in no bank (nothing is transferred).
  absl::Status Read(uint64_t address, absl::Span<uint8_t> bytes);
  absl::Status Write(uint64_t address, absl::Span<const uint8_t> bytes);

  // The page's first byte, or null where no bank is. Valid until Lend or Reclaim of that page.
  // REQUIRES: `address` is a multiple of kPageBytes.
  uint8_t* Page(uint64_t address);

  // Puts host memory in place of the pages from `address`. `host` stays owned by the caller and
  // must live until Reclaim.
  // Errors: InvalidArgument if address or size is no multiple of the page size, OutOfRange as
  // above.
  absl::Status Lend(uint64_t address, absl::Span<uint8_t> host);
  void Reclaim(uint64_t address, uint64_t size_bytes);

 private:
  absl::Status CheckRange(uint64_t address, uint64_t size_bytes) const;

  std::vector<MemoryBank> banks_;
  absl::flat_hash_map<uint64_t, uint8_t*> pages_;  // by page address: owned or lent
  absl::flat_hash_map<uint64_t, std::unique_ptr<uint8_t[]>> owned_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_MEMORY_H_
