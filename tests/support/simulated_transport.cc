#include "tests/support/simulated_transport.h"

#include <utility>
#include <vector>

#include "sim/card/memory_map.h"

namespace pointsman {
namespace {

// What passes while a program looks at memory once: the card works meanwhile.
constexpr uint64_t kCyclesASync = 64;
constexpr uint64_t kPageBytes = CardMemory::kPageBytes;

class SimulatedBuffer : public Buffer {
 public:
  SimulatedBuffer(SimulatedCard& card, uint64_t address, size_t size_bytes)
      : card_(card), address_(address), memory_(size_bytes) {}

  std::span<uint8_t> memory() override { return memory_; }
  uint64_t device_address() const override { return address_; }

  absl::Status SyncToCard(size_t offset_bytes, size_t size_bytes) override {
    return card_.memory().Write(address_ + offset_bytes,
                                absl::MakeConstSpan(memory_).subspan(offset_bytes, size_bytes));
  }
  absl::Status SyncFromCard(size_t offset_bytes, size_t size_bytes) override {
    if (absl::Status status = card_.Run(kCyclesASync); !status.ok()) return status;
    return card_.memory().Read(address_ + offset_bytes,
                               absl::MakeSpan(memory_).subspan(offset_bytes, size_bytes));
  }

 private:
  SimulatedCard& card_;
  const uint64_t address_;
  std::vector<uint8_t> memory_;
};

class SimulatedTransport : public Transport {
 public:
  explicit SimulatedTransport(SimulatedCard& card) : card_(card) {}

  absl::StatusOr<uint32_t> ReadRegister(uint32_t offset_bytes) override {
    return card_.ReadRegister(offset_bytes);
  }
  absl::Status WriteRegister(uint32_t offset_bytes, uint32_t value) override {
    return card_.WriteRegister(offset_bytes, value);
  }
  absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size_bytes) override {
    const uint64_t address = next_address_;
    next_address_ += (size_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
    return std::make_unique<SimulatedBuffer>(card_, address, size_bytes);
  }

 private:
  SimulatedCard& card_;
  uint64_t next_address_ = kMemoryBanks[0].base;
};

}  // namespace

std::unique_ptr<Transport> MakeSimulatedTransport(SimulatedCard& card) {
  return std::make_unique<SimulatedTransport>(card);
}

}  // namespace pointsman
