// Waiting for the card: polling that always ends.
#ifndef POINTSMAN_DRIVER_WAIT_H_
#define POINTSMAN_DRIVER_WAIT_H_

#include <chrono>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman {

enum class WaitStep {
  kDone,
  kProgress,  // not yet, but something moved: the deadline begins anew
  kNothing,
};

enum class WaitResult { kDone, kTimedOut };

// Calls `step` until it is done, fails (its error is returned), or nothing moved for `deadline`.
// Sleeps between calls, at most 100 us. `step` is called at least once after the deadline began.
absl::StatusOr<WaitResult> Wait(std::chrono::milliseconds deadline,
                                absl::FunctionRef<absl::StatusOr<WaitStep>()> step);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_WAIT_H_
