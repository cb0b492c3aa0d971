// Any bytes as what a card writes: status lines, punt and event ring. Poll gives frames within the
// card's limits or an error, never a crash, and a failed card stays failed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "driver/event_ring.h"
#include "driver/punt_ring.h"
#include "driver/transport.h"

namespace pointsman {
namespace {

constexpr uint32_t kPuntLinesLog2 = 8;
constexpr uint32_t kEventLinesLog2 = 4;

// Memory whose card side is fuzzed.
class FuzzedBuffer : public Buffer {
 public:
  FuzzedBuffer(size_t size, std::vector<uint8_t>& card) : host_(size), card_(card) {}
  std::span<uint8_t> memory() override { return host_; }
  uint64_t device_address() const override { return 0; }
  absl::Status SyncToCard(size_t, size_t) override { return absl::OkStatus(); }
  absl::Status SyncFromCard(size_t offset, size_t size) override {
    for (size_t i = offset; i < offset + size && !card_.empty(); ++i) {
      host_[i] = card_[i % card_.size()];
    }
    return absl::OkStatus();
  }

 private:
  std::vector<uint8_t> host_;
  std::vector<uint8_t>& card_;
};

class FuzzedTransport : public Transport {
 public:
  absl::StatusOr<uint32_t> ReadRegister(uint32_t) override { return 0; }
  absl::Status WriteRegister(uint32_t, uint32_t) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size) override {
    return std::make_unique<FuzzedBuffer>(size, card);
  }
  std::vector<uint8_t> card;
};

void Run(std::span<const uint8_t> data) {
  FuzzedTransport transport;
  PuntRing punts(transport, *LineRing::Create(transport, kPuntLinesLog2), kFrameBytesMax);
  EventRing events(transport, *LineRing::Create(transport, kEventLinesLog2), kSimSizes);
  uint32_t punt_tail = 0;
  uint32_t event_tail = 0;
  // Each step: two bytes to move the indices by, then what the rings hold.
  constexpr size_t kStepBytes = 258;
  for (; data.size() > 2; data = data.subspan(std::min(data.size(), kStepBytes))) {
    punt_tail += data[0];
    event_tail += data[1];
    const auto content = data.subspan(2, std::min(data.size(), kStepBytes) - 2);
    transport.card.assign(content.begin(), content.end());
    std::vector<PuntedFrame> frames;
    CardOutput output;
    const absl::Status punted = punts.Collect(punt_tail, frames);
    for (const PuntedFrame& punt : frames) {
      if (punt.frame.size() != punt.line.length || punt.frame.size() > kFrameBytesMax) abort();
    }
    if (!punted.ok() || !events.Collect(event_tail, output).ok()) return;
  }
}

}  // namespace
}  // namespace pointsman

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pointsman::Run({data, size});
  return 0;
}
