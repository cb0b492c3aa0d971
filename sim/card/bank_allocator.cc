#include "sim/card/bank_allocator.h"

#include <utility>

#include "fmt/format.h"
#include "sim/card/memory.h"

namespace pointsman {

BankAllocator::BankAllocator(std::string tag, uint64_t base, uint64_t size_bytes)
    : tag_(std::move(tag)), base_(base), size_bytes_(size_bytes) {}

absl::StatusOr<uint64_t> BankAllocator::Allocate(uint64_t size_bytes) {
  if (size_bytes == 0) return absl::InvalidArgumentError("a buffer has at least 1 byte");
  constexpr uint64_t kPage = CardMemory::kPageBytes;
  uint64_t address = base_;
  if (size_bytes <= size_bytes_) {
    size_bytes = (size_bytes + kPage - 1) / kPage * kPage;
    for (const auto& [start, bytes] : used_) {
      if (start - address >= size_bytes) break;
      address = start + bytes;
    }
    if (size_bytes <= size_bytes_ - (address - base_)) {
      used_[address] = size_bytes;
      return address;
    }
  }
  return absl::ResourceExhaustedError(
      fmt::format("memory bank {}: no room for {} bytes", tag_, size_bytes));
}

}  // namespace pointsman
