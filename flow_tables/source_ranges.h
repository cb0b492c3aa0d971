// Longest prefix match of a client's address, for the software pipeline: the `sources` rows cut
// into ranges that do not overlap, found by binary search. Immutable once made.
#ifndef POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_
#define POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/types.h"

namespace pointsman {

// Who a client is and where replies to it go.
struct Client {
  ClientClass client_class = ClientClass::kOutside;
  uint16_t next_hop = 0;
  uint32_t range_sets = 0;
  friend bool operator==(const Client&, const Client&) = default;
};

class SourceRanges {
 public:
  // Of two rows with the same prefix the first counts. Bits of an address behind its prefix are
  // ignored.
  explicit SourceRanges(std::span<const SourceRow> rows);

  // No match: class outside, next hop 0, no sets.
  const Client& Find(uint32_t address) const;

 private:
  void StartRange(uint64_t first, const Client& client);

  std::vector<uint32_t> firsts_;  // ascending; [0] is 0; a range ends before the next one's first
  std::vector<Client> clients_;   // of the range with the same index
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_
