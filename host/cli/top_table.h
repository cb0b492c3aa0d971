// What `pointsman top` shows: rates between two status documents of one agent. Pure.
#ifndef POINTSMAN_HOST_CLI_TOP_TABLE_H_
#define POINTSMAN_HOST_CLI_TOP_TABLE_H_

#include <cstddef>
#include <nlohmann/json.hpp>

namespace pointsman {

// {"packets_per_s": {kind: rate}, "connections": N, "frontends": [{"name", "address", "protocol",
// "packets_per_s", "bits_per_s"}]}: the busiest frontends first, `frontends_max` at most. A counter
// that went back (the agent was started anew) counts from 0. REQUIRES: both are documents of
// host/agent/status.h, seconds > 0.
nlohmann::json TopOf(const nlohmann::json& before, const nlohmann::json& after, double seconds,
                     size_t frontends_max);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_TOP_TABLE_H_
