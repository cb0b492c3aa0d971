// Runs a program for what it prints.
#ifndef POINTSMAN_HOST_APISERVER_CHILD_OUTPUT_H_
#define POINTSMAN_HOST_APISERVER_CHILD_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pointsman::kube {

inline constexpr size_t kMaxChildOutputBytes = 1 << 20;

// The standard output of `command` (arguments, the program first, found in PATH if it has no slash)
// under `environment` ("NAME=value"). It has no input; its standard error is that of this process.
// A child that takes longer than `timeout` or prints more than kMaxChildOutputBytes is killed.
//
// Errors: FailedPrecondition (it does not start, or ends other than with code 0), DeadlineExceeded,
// ResourceExhausted. Messages do not say what it printed.
absl::StatusOr<std::string> ChildOutput(const std::vector<std::string>& command,
                                        const std::vector<std::string>& environment,
                                        absl::Duration timeout);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_CHILD_OUTPUT_H_
