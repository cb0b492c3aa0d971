// What a card is reached through: 32-bit registers, and memory that both sides see.
// Implementations: XRT (driver/xrt, for a real card and for a simulated one) and a fake in tests.
//
// One owner, one thread: not thread-safe. Errors of every function here: Unavailable or Internal
// with the words of what lies below (XRT); OutOfRange for an offset outside registers or buffer.
#ifndef POINTSMAN_DRIVER_TRANSPORT_H_
#define POINTSMAN_DRIVER_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman {

// Memory that the card reads and writes too. Where it is the card's own memory, `memory` is the
// host's copy of it and moves only by the Sync calls; the caller makes them wherever the memory is.
// Content at first: anything. Must not outlive its transport.
class Buffer {
 public:
  virtual ~Buffer() = default;

  virtual std::span<uint8_t> memory() = 0;
  virtual uint64_t device_address() const = 0;  // a multiple of 4096

  virtual absl::Status SyncToCard(size_t offset_bytes, size_t size_bytes) = 0;
  virtual absl::Status SyncFromCard(size_t offset_bytes, size_t size_bytes) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // `offset_bytes` is a multiple of 4 (RegisterOffset in hw/card_layout.h).
  virtual absl::StatusOr<uint32_t> ReadRegister(uint32_t offset_bytes) = 0;
  virtual absl::Status WriteRegister(uint32_t offset_bytes, uint32_t value) = 0;

  // ResourceExhausted: no memory that the card reaches is left.
  virtual absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size_bytes) = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_TRANSPORT_H_
