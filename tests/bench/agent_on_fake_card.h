// The agent as a process of its own, on a card that is memory: everything of `pointsman agent` but
// XRT and what is behind it. It says when rows are in the tables.
#ifndef POINTSMAN_TESTS_BENCH_AGENT_ON_FAKE_CARD_H_
#define POINTSMAN_TESTS_BENCH_AGENT_ON_FAKE_CARD_H_

#include <string>

namespace pointsman {

// Seconds of the clock that all processes share and nobody sets.
double SteadySeconds();

// Runs until SIGTERM; returns the exit code. Prints a line when the first state is in the card's
// tables, "programmed SECONDS FRONTENDS ENDPOINTS", as counted in them, and at the end one for each
// row of an endpoint that was written later, "row ADDRESS SECONDS", by when the whole write that it
// was part of was done and read back.
int RunAgentOnFakeCard(const std::string& kubeconfig, const std::string& status_socket);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_AGENT_ON_FAKE_CARD_H_
