#include "driver/heartbeat.h"

#include <fmt/format.h>

#include "driver/registers.h"
#include "driver/status_macros.h"
#include "driver/wait.h"

namespace pointsman {

absl::StatusOr<uint32_t> ReadHeartbeat(Transport& transport) {
  constexpr uint32_t kTopByte = 0xa5;
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t value,
                             ReadRegister(transport, RegisterOffset::kHeartbeat));
  if (value == kAllOnes) {
    return absl::UnavailableError(
        "register heartbeat reads all ones: the card is gone; reset it (xbutil reset) or use "
        "another");
  }
  if (value >> 24 != kTopByte) {
    return absl::UnavailableError(fmt::format(
        "register heartbeat is {:#010x}, its top byte should be {:#x}", value, kTopByte));
  }
  return value;
}

absl::StatusOr<uint32_t> AwaitHeartbeat(Transport& transport, uint32_t last,
                                        std::chrono::milliseconds deadline) {
  uint32_t value = last;
  const auto look = [&]() -> absl::StatusOr<WaitStep> {
    POINTSMAN_ASSIGN_OR_RETURN(value, ReadHeartbeat(transport));
    return value == last ? WaitStep::kNothing : WaitStep::kDone;
  };
  POINTSMAN_ASSIGN_OR_RETURN(const WaitResult result, Wait(deadline, look));
  if (result == WaitResult::kDone) return value;
  return absl::UnavailableError(
      fmt::format("register heartbeat stands at {:#010x} for {} ms: the card's clock does not run",
                  value, deadline.count()));
}

}  // namespace pointsman
