// Per-connection consistency, counted: connections of the software pipeline under changes of
// endpoints.
#ifndef POINTSMAN_TESTS_BENCH_CONNECTION_FIGURE_H_
#define POINTSMAN_TESTS_BENCH_CONNECTION_FIGURE_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace pointsman {

// Opens 1,000,000 TCP connections to 1,000 Services x 10 endpoints, changes the endpoints of random
// Services 10,000 times (one comes, or one drains: it is no endpoint any more, but serves on), and
// returns how many connections had a packet that did not go to where the first one went: some after
// every change, all after every thousand. Internal: connections were not made.
absl::StatusOr<uint64_t> BrokenConnections();

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_CONNECTION_FIGURE_H_
