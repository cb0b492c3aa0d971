#include "driver/punt_watch.h"

#include <fmt/format.h>

namespace pointsman {

absl::Status PuntWatch::Look(uint64_t cycles, uint32_t punted, uint64_t records) {
  if (!last_ || records != last_->records) {
    last_ = {.punted = punted, .records = records};
    missing_since_cycles_.reset();
    return absl::OkStatus();
  }
  const uint32_t missing = punted - last_->punted;
  if (missing == 0) return absl::OkStatus();
  if (!missing_since_cycles_) missing_since_cycles_ = cycles;
  const uint64_t waited_cycles = cycles - *missing_since_cycles_;
  if (waited_cycles < kStuckCycles) return absl::OkStatus();
  return absl::UnavailableError(
      fmt::format("punt ring: the card has punted {} packets, and no record came for {} of its "
                  "clock cycles",
                  missing, waited_cycles));
}

}  // namespace pointsman
