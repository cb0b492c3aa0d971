// A transport that takes the time of an update: from a doorbell of the command ring it watches the
// card's counter of commands until all of them are done.
#ifndef POINTSMAN_TESTS_BENCH_UPDATE_CLOCK_H_
#define POINTSMAN_TESTS_BENCH_UPDATE_CLOCK_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "driver/transport.h"
#include "sim/card/simulated_card.h"

namespace pointsman {

class UpdateClock : public Transport {
 public:
  // Borrows the card, which `transport` reaches.
  UpdateClock(SimulatedCard& card, std::unique_ptr<Transport> transport)
      : card_(card), transport_(std::move(transport)) {}

  // The next doorbell is timed.
  void Arm() { armed_ = true; }
  // Of all that were timed.
  double rows_per_cycle() const {
    return static_cast<double>(rows_) / static_cast<double>(cycles_);
  }

  absl::StatusOr<uint32_t> ReadRegister(uint32_t offset_bytes) override {
    return transport_->ReadRegister(offset_bytes);
  }
  // DeadlineExceeded: the timed commands are not done after 16 cycles each.
  absl::Status WriteRegister(uint32_t offset_bytes, uint32_t value) override;
  absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size_bytes) override {
    return transport_->AllocateBuffer(size_bytes);
  }

 private:
  absl::Status Time(uint32_t commands_before, uint32_t commands);
  absl::StatusOr<uint32_t> CommandsDone();

  SimulatedCard& card_;
  std::unique_ptr<Transport> transport_;
  uint32_t tail_ = 0;  // as last rung
  bool armed_ = false;
  uint64_t rows_ = 0;
  uint64_t cycles_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_UPDATE_CLOCK_H_
