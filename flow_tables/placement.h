// Where a key of an exact-match table may stand, and how to make room for one more: two banks, in
// each one bucket a key, chosen by its two hashes, and moving a key to its other bucket when both
// are full (cuckoo hashing with buckets; breadth-first, so the fewest moves are found).
#ifndef POINTSMAN_FLOW_TABLES_PLACEMENT_H_
#define POINTSMAN_FLOW_TABLES_PLACEMENT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "flow_tables/hash.h"

namespace pointsman {

inline constexpr uint32_t kPlacementBanks = 2;

// The rows of a table with two banks: row = (bank * buckets + bucket) * ways + way.
struct BucketGeometry {
  uint32_t buckets = 0;  // in each bank, a power of two
  uint32_t ways = 0;     // rows of a bucket

  // First row of the bucket of a key with these hashes; the other ways follow.
  uint32_t FirstRow(uint32_t bank, const HashPair& hashes) const {
    const uint32_t hash = bank == 0 ? hashes.first : hashes.second;
    return (bank * buckets + (hash & (buckets - 1))) * ways;
  }
  uint32_t BankOf(uint32_t row) const { return row / ways / buckets; }
};

// Geometry of tables frontends and affinity, and of originals and replies of either family, with
// this many rows.
constexpr BucketGeometry FrontendGeometry(uint32_t rows) {
  static_assert(kFrontendsBanks == kPlacementBanks);
  return {.buckets = rows / (kFrontendsBanks * kFrontendsWays), .ways = kFrontendsWays};
}
constexpr BucketGeometry AffinityGeometry(uint32_t rows) {
  static_assert(kAffinityBanks == kPlacementBanks);
  return {.buckets = rows / (kAffinityBanks * kAffinityWays), .ways = kAffinityWays};
}
constexpr BucketGeometry ConnectionGeometry(uint32_t rows) {
  static_assert(kOriginalsBanks == kPlacementBanks && kRepliesBanks == kPlacementBanks);
  static_assert(kOriginalsWays == kRepliesWays);
  static_assert(kOriginalsIpv6Banks == kPlacementBanks && kRepliesIpv6Banks == kPlacementBanks);
  static_assert(kOriginalsIpv6Ways == kOriginalsWays && kRepliesIpv6Ways == kOriginalsWays);
  return {.buckets = rows / (kOriginalsBanks * kOriginalsWays), .ways = kOriginalsWays};
}

// The key in row `from` goes to row `to`, which is free when its turn comes.
struct Displacement {
  uint32_t from = 0;
  uint32_t to = 0;
  friend bool operator==(const Displacement&, const Displacement&) = default;
};

// A row for a new key, free once the displacements are done in order.
struct Room {
  uint32_t row = 0;
  std::vector<Displacement> displacements;
};

// The hashes of the key in a row; nothing if the row is free.
using Occupant = absl::FunctionRef<std::optional<HashPair>(uint32_t row)>;

// Room for a key with these hashes: a free way of its emptier bucket if there is one, else at the
// end of the shortest chain of displacements. Nothing if no chain is found among the nearest
// thousand buckets; below 95 % load that does not happen with decent hashes.
std::optional<Room> FindRoom(const BucketGeometry& geometry, const HashPair& hashes,
                             Occupant occupant);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PLACEMENT_H_
