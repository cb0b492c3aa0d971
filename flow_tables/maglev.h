// Which slot of a run names which endpoint: Maglev hashing (Eisenbud et al., NSDI 2016, section
// 3.4) over a power of two of slots, with an odd skip so that each endpoint's permutation visits
// all of them. A function of the endpoints alone, so every node of a cluster fills the same run
// the same. Pure.
//
// Evenness: endpoints take turns, so their shares differ by at most one slot.
// Disruption, as measured by the tests: when one of 10 or 100 endpoints goes, 2 to 3 % of the slots
// change hands besides its own (7 % at worst of ten). When one comes and the run keeps its length,
// it is the same. When the run doubles, about half of the slots keep their endpoint; connections
// that are recorded are not concerned.
#ifndef POINTSMAN_FLOW_TABLES_MAGLEV_H_
#define POINTSMAN_FLOW_TABLES_MAGLEV_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/address.h"

namespace pointsman {

inline constexpr int kRunSlotsLog2Max = 16;

// Who an endpoint is to the permutation.
struct MaglevIdentity {
  Address address;
  uint16_t port = 0;
  uint16_t weight = 1;
  friend auto operator<=>(const MaglevIdentity&, const MaglevIdentity&) = default;
};

// The run has 2^k slots: one for one endpoint, else at least 64 an endpoint, 256 to 65536. More
// would cost memory of the card and buy less disruption (64 an endpoint: 2 %, 512: 0.6 %), not
// evenness; powers of two let the length stay while the number of endpoints varies.
// REQUIRES: endpoints > 0.
int RunSlotsLog2(size_t endpoints);

// For each of 2^slots_log2 slots the index in `endpoints`. The order of the endpoints breaks ties:
// callers pass them sorted. REQUIRES: 0 < endpoints.size() <= 2^slots_log2.
std::vector<uint32_t> MaglevSlots(std::span<const MaglevIdentity> endpoints, int slots_log2);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_MAGLEV_H_
