// Hand an error on to the caller.
#ifndef POINTSMAN_DRIVER_STATUS_MACROS_H_
#define POINTSMAN_DRIVER_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define POINTSMAN_RETURN_IF_ERROR(expression)                               \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define POINTSMAN_JOIN_INNER(a, b) a##b
#define POINTSMAN_JOIN(a, b) POINTSMAN_JOIN_INNER(a, b)

// POINTSMAN_ASSIGN_OR_RETURN(auto x, F()): x is the value of F(), or its error is returned.
#define POINTSMAN_ASSIGN_OR_RETURN(target, expression) \
  POINTSMAN_ASSIGN_OR_RETURN_AS(POINTSMAN_JOIN(result_, __LINE__), target, expression)
#define POINTSMAN_ASSIGN_OR_RETURN_AS(result, target, expression) \
  auto result = (expression);                                     \
  if (!result.ok()) return result.status();                       \
  target = *std::move(result)

#endif  // POINTSMAN_DRIVER_STATUS_MACROS_H_
