#include "tests/bench/update_clock.h"

#include <fmt/format.h>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {

absl::Status UpdateClock::WriteRegister(uint32_t offset_bytes, uint32_t value) {
  const bool bell = offset_bytes == static_cast<uint32_t>(RegisterOffset::kCommandTail);
  if (!bell || !armed_) {
    if (bell) tail_ = value;
    return transport_->WriteRegister(offset_bytes, value);
  }
  armed_ = false;
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t before, CommandsDone());
  POINTSMAN_RETURN_IF_ERROR(transport_->WriteRegister(offset_bytes, value));
  return Time(before, value - std::exchange(tail_, value));
}

absl::Status UpdateClock::Time(uint32_t commands_before, uint32_t commands) {
  const uint64_t deadline = card_.cycles() + uint64_t{16} * commands;
  uint32_t first_seen = 0;
  uint64_t first_cycle = 0;
  while (card_.cycles() < deadline) {
    POINTSMAN_ASSIGN_OR_RETURN(const uint32_t done, CommandsDone());
    if (first_seen == 0) {
      first_seen = done - commands_before;
      first_cycle = card_.cycles();
    }
    if (done - commands_before == commands) {
      rows_ += commands - first_seen;
      cycles_ += card_.cycles() - first_cycle;
      return absl::OkStatus();
    }
  }
  return absl::DeadlineExceededError(
      fmt::format("the card has not done {} commands in {} cycles", commands, 16 * commands));
}

absl::StatusOr<uint32_t> UpdateClock::CommandsDone() {
  return pointsman::ReadRegister(*transport_, RegisterOffset::kStatistics,
                                 static_cast<uint32_t>(Statistic::kCommands));
}

}  // namespace pointsman
