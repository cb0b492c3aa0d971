// Forwardings nobody would write by hand, for the differential test. Small address pools, so that
// frontends share endpoints, clients are endpoints (hairpin), and masqueraded connections compete
// for a few source ports.
#ifndef POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_FORWARDING_H_
#define POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_FORWARDING_H_

#include <random>

#include "flow_tables/forwarding.h"

namespace pointsman {

using Random = std::mt19937_64;

// Uniform in [low, high].
inline uint32_t Pick(Random& random, uint32_t low, uint32_t high) {
  return std::uniform_int_distribution<uint32_t>(low, high)(random);
}
inline bool Chance(Random& random, uint32_t percent) { return Pick(random, 1, 100) <= percent; }

Address RandomClient(Random& random, bool v4);
// Of the range that Services are in; most have none.
Address RandomService(Random& random, bool v4);
Forwarding RandomForwarding(Random& random);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_FORWARDING_H_
