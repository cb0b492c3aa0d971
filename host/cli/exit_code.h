// What a Status means to a shell.
#ifndef POINTSMAN_HOST_CLI_EXIT_CODE_H_
#define POINTSMAN_HOST_CLI_EXIT_CODE_H_

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "absl/status/status.h"

namespace pointsman {

enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,    // a test or check failed
  kExitWrongUse = 2,  // wrong use or input
  kExitNoCard = 3,    // no card, or a card fault
};

// The code for an error about input (a file, an option, a manifest).
inline int ReportInputError(const absl::Status& status) {
  fmt::print(stderr, "pointsman: {}\n", std::string(status.message()));
  return kExitWrongUse;
}

// The code for an error about a card.
inline int ReportCardError(const absl::Status& status) {
  fmt::print(stderr, "pointsman: card: {}\n", std::string(status.message()));
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitWrongUse : kExitNoCard;
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_EXIT_CODE_H_
