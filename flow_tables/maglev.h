// Which slot of a run names which endpoint: Maglev hashing (Eisenbud et al., NSDI 2016, section
// 3.4) over a power of two of slots, with permutations that suit such lengths (skips, as the paper
// has them, run into each other there). A function of the endpoints alone, so every node of a
// cluster fills the same run the same. Pure.
//
// Evenness: endpoints take turns, so their shares differ by at most one slot. With 512 slots an
// endpoint a million flows cannot tell that from equal shares; with 64 they can.
// Disruption, as measured by the tests: when one of 10 or 100 endpoints goes and there are 512
// slots an endpoint, 0.6 to 0.9 % of the slots change hands besides its own. When one comes and the
// run keeps its length, it is the same. When the run doubles, about half of the slots keep their
// endpoint; connections that are recorded are not concerned.
#ifndef POINTSMAN_FLOW_TABLES_MAGLEV_H_
#define POINTSMAN_FLOW_TABLES_MAGLEV_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "flow_tables/address.h"

namespace pointsman {

inline constexpr int kRunSlotsLog2Max = 16;

// Who an endpoint is to the permutation.
struct MaglevIdentity {
  Address address;
  uint16_t port = 0;
  uint16_t weight = 1;  // shares of the slots are as the weights; 0: none
  friend auto operator<=>(const MaglevIdentity&, const MaglevIdentity&) = default;
};

// Slots an endpoint, where there is room for so many.
inline constexpr uint32_t kFullDensity = 512;

// The run has 2^k slots: one for one endpoint, else at least `density` an endpoint, up to 65536.
// Powers of two let the length stay while the number of endpoints varies. REQUIRES: endpoints > 0,
// density > 0.
int RunSlotsLog2(size_t endpoints, uint32_t density = kFullDensity);

// The highest density, a power of two, at which runs for so many sets of endpoints (by the size of
// the set) take at most half of the slots, so that new runs fit beside old ones; 1 if none does.
// What it depends on is the same on every node of a cluster whose cards are of one size. When it
// changes, all runs do: new connections of the same 5-tuple may then meet another endpoint.
uint32_t ChooseDensity(const std::map<size_t, size_t>& sets_by_size, uint32_t slots);

// For each of 2^slots_log2 slots the index in `endpoints`. The order of the endpoints breaks ties:
// callers pass them sorted. REQUIRES: 0 < endpoints.size() <= 2^slots_log2, some weight is not 0.
std::vector<uint32_t> MaglevSlots(std::span<const MaglevIdentity> endpoints, int slots_log2);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_MAGLEV_H_
