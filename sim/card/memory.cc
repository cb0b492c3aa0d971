#include "sim/card/memory.h"

#include <algorithm>
#include <cstring>

#include "fmt/format.h"

namespace pointsman {

CardMemory::CardMemory(absl::Span<const MemoryBank> banks) : banks_(banks.begin(), banks.end()) {}

absl::Status CardMemory::CheckRange(uint64_t address, uint64_t size_bytes) const {
  for (const MemoryBank& bank : banks_) {
    if (address >= bank.base && size_bytes <= bank.size_bytes &&
        address - bank.base <= bank.size_bytes - size_bytes) {
      return absl::OkStatus();
    }
  }
  return absl::OutOfRangeError(
      fmt::format("card memory: {} bytes at address {:#x} are in no bank", size_bytes, address));
}

uint8_t* CardMemory::Page(uint64_t address) {
  auto found = pages_.find(address);
  if (found != pages_.end()) return found->second;
  if (!CheckRange(address, kPageBytes).ok()) return nullptr;
  auto& page = owned_[address];
  if (page == nullptr) {
    page = std::make_unique<uint8_t[]>(kPageBytes);
    std::memset(page.get(), kNeverWritten, kPageBytes);
  }
  pages_[address] = page.get();
  return page.get();
}

absl::Status CardMemory::Read(uint64_t address, absl::Span<uint8_t> bytes) {
  if (absl::Status status = CheckRange(address, bytes.size()); !status.ok()) return status;
  while (!bytes.empty()) {
    const uint64_t offset = address % kPageBytes;
    const size_t count = std::min<uint64_t>(bytes.size(), kPageBytes - offset);
    std::memcpy(bytes.data(), Page(address - offset) + offset, count);
    address += count;
    bytes.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status CardMemory::Write(uint64_t address, absl::Span<const uint8_t> bytes) {
  if (absl::Status status = CheckRange(address, bytes.size()); !status.ok()) return status;
  while (!bytes.empty()) {
    const uint64_t offset = address % kPageBytes;
    const size_t count = std::min<uint64_t>(bytes.size(), kPageBytes - offset);
    std::memcpy(Page(address - offset) + offset, bytes.data(), count);
    address += count;
    bytes.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status CardMemory::Lend(uint64_t address, absl::Span<uint8_t> host) {
  if (address % kPageBytes != 0 || host.size() % kPageBytes != 0) {
    return absl::InvalidArgumentError(
        fmt::format("card memory: {} bytes at address {:#x} are not whole pages of {} bytes",
                    host.size(), address, kPageBytes));
  }
  if (absl::Status status = CheckRange(address, host.size()); !status.ok()) return status;
  for (uint64_t offset = 0; offset < host.size(); offset += kPageBytes) {
    pages_[address + offset] = host.data() + offset;
  }
  return absl::OkStatus();
}

void CardMemory::Reclaim(uint64_t address, uint64_t size_bytes) {
  for (uint64_t offset = 0; offset < size_bytes; offset += kPageBytes) {
    pages_.erase(address + offset);
  }
}

}  // namespace pointsman
