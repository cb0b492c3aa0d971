// Buffers and memory of XrtShim.
#include <sys/mman.h>
#include <xrt/xrt.h>
#include <xrt/xrt_mem.h>

#include <utility>

#include "fmt/format.h"
#include "sim/card/memory.h"
#include "sim/card/xrt_shim.h"

namespace pointsman {
namespace {

size_t WholePages(size_t bytes) {
  return (bytes + CardMemory::kPageBytes - 1) / CardMemory::kPageBytes * CardMemory::kPageBytes;
}

void ReleaseHostMemory(const XrtShim::Buffer& buffer) {
  if (buffer.owned) munmap(buffer.host, buffer.mapped_bytes);
}

absl::Status OutsideBuffer(size_t size_bytes, size_t offset_bytes, size_t buffer_bytes) {
  return absl::OutOfRangeError(fmt::format("{} bytes from {} are outside a buffer of {} bytes",
                                           size_bytes, offset_bytes, buffer_bytes));
}

}  // namespace

XrtShim::~XrtShim() {
  runner_.reset();  // the card may still read buffers until its clock stands
  for (const auto& [handle, buffer] : buffers_) ReleaseHostMemory(buffer);
}

absl::StatusOr<uint64_t> XrtShim::Place(Buffer& buffer) {
  if (buffer.bank >= banks_.size()) {
    return absl::InvalidArgumentError(
        fmt::format("memory bank {}: the loaded xclbin has {}", buffer.bank, banks_.size()));
  }
  BankAllocator& bank = banks_[buffer.bank];
  absl::StatusOr<uint64_t> address = bank.Allocate(buffer.size_bytes);
  if (!address.ok()) return address;
  buffer.shared = bank.tag().starts_with("HOST");
  if (!buffer.shared) return address;
  const absl::Status lent = runner_->Access([&](SimulatedCard& card) {
    return card.memory().Lend(*address, {buffer.host, buffer.mapped_bytes});
  });
  if (lent.ok()) return address;
  bank.Free(*address);
  return lent;
}

absl::StatusOr<unsigned> XrtShim::AllocateBuffer(uint8_t* user, size_t size_bytes, unsigned flags) {
  Buffer buffer;
  buffer.size_bytes = size_bytes;
  buffer.mapped_bytes = WholePages(size_bytes);
  buffer.flags = flags;
  buffer.bank = flags & XRT_BO_FLAGS_MEMIDX_MASK;
  buffer.host = user;
  buffer.owned = user == nullptr;
  if (buffer.owned) {
    void* memory = mmap(nullptr, buffer.mapped_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      return absl::ResourceExhaustedError(
          fmt::format("no host memory for a buffer of {} bytes", size_bytes));
    }
    buffer.host = static_cast<uint8_t*>(memory);
  }
  const std::lock_guard lock(mutex_);
  if ((flags & XCL_BO_FLAGS_EXECBUF) == 0) {
    absl::StatusOr<uint64_t> address = Place(buffer);
    if (!address.ok()) {
      ReleaseHostMemory(buffer);
      return address.status();
    }
    buffer.address = *address;
  }
  buffers_[next_buffer_] = buffer;
  return next_buffer_++;
}

void XrtShim::FreeBuffer(unsigned handle) {
  const std::lock_guard lock(mutex_);
  const auto found = buffers_.find(handle);
  if (found == buffers_.end()) return;
  const Buffer& buffer = found->second;
  if (buffer.shared) {
    runner_->Access(
        [&](SimulatedCard& card) { card.memory().Reclaim(buffer.address, buffer.mapped_bytes); });
  }
  if ((buffer.flags & XCL_BO_FLAGS_EXECBUF) == 0) banks_[buffer.bank].Free(buffer.address);
  ReleaseHostMemory(buffer);
  buffers_.erase(found);
}

absl::StatusOr<XrtShim::Buffer> XrtShim::FindBuffer(unsigned handle) {
  const std::lock_guard lock(mutex_);
  const auto found = buffers_.find(handle);
  if (found == buffers_.end()) {
    return absl::InvalidArgumentError(fmt::format("there is no buffer {}", handle));
  }
  return found->second;
}

absl::Status XrtShim::SyncBuffer(unsigned handle, bool to_card, size_t size_bytes,
                                 size_t offset_bytes) {
  absl::StatusOr<Buffer> buffer = FindBuffer(handle);
  if (!buffer.ok()) return buffer.status();
  if (offset_bytes > buffer->size_bytes || size_bytes > buffer->size_bytes - offset_bytes) {
    return OutsideBuffer(size_bytes, offset_bytes, buffer->size_bytes);
  }
  const uint64_t address = buffer->address + offset_bytes;
  const absl::Span<uint8_t> bytes(buffer->host + offset_bytes, buffer->shared ? 0 : size_bytes);
  return to_card ? WriteMemory(address, bytes) : ReadMemory(address, bytes);
}

absl::Status XrtShim::ReadMemory(uint64_t address, absl::Span<uint8_t> bytes) {
  absl::StatusOr<CardRunner*> runner = Runner(0);
  if (!runner.ok()) return runner.status();
  return (*runner)->Access([&](SimulatedCard& card) {
    return card.fault().ok() ? card.memory().Read(address, bytes) : card.fault();
  });
}

absl::Status XrtShim::WriteMemory(uint64_t address, absl::Span<const uint8_t> bytes) {
  absl::StatusOr<CardRunner*> runner = Runner(0);
  if (!runner.ok()) return runner.status();
  return (*runner)->Access([&](SimulatedCard& card) {
    return card.fault().ok() ? card.memory().Write(address, bytes) : card.fault();
  });
}

}  // namespace pointsman
