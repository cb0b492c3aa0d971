#include "driver/wait.h"

#include <algorithm>
#include <thread>

#include "driver/status_macros.h"

namespace pointsman {

absl::StatusOr<WaitResult> Wait(std::chrono::milliseconds deadline,
                                absl::FunctionRef<absl::StatusOr<WaitStep>()> step) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kFirstNap(1), kLongestNap(100);
  Clock::time_point end = Clock::now() + deadline;
  std::chrono::microseconds nap = kFirstNap;
  while (true) {
    // Before the step, so that a process that was stopped for long still looks once more.
    const Clock::time_point now = Clock::now();
    POINTSMAN_ASSIGN_OR_RETURN(const WaitStep outcome, step());
    if (outcome == WaitStep::kDone) return WaitResult::kDone;
    if (outcome == WaitStep::kProgress) {
      end = now + deadline;
      nap = kFirstNap;
    } else if (now >= end) {
      return WaitResult::kTimedOut;
    }
    std::this_thread::sleep_for(nap);
    nap = std::min(nap * 2, kLongestNap);
  }
}

}  // namespace pointsman
