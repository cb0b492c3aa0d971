// Source-range sets: which clients a frontend is for, as the card looks it up. A prefix of
// `sources` says in which sets it lies, so that one longest-prefix match answers for all frontends.
#ifndef POINTSMAN_FLOW_TABLES_RANGE_SETS_H_
#define POINTSMAN_FLOW_TABLES_RANGE_SETS_H_

#include <cstdint>
#include <vector>

#include "flow_tables/image.h"

namespace pointsman {

// Numbers the sets of source ranges that frontends of the card have, in image.range_sets, as far as
// there is room: 32 sets, whose prefixes with those of `sources` fill half of the table at most, so
// that old and new fit side by side. A set that `previous` has keeps its number, and one that
// `previous` uses stays until nobody does, so that no frontend meets another set for a moment.
void NumberRangeSets(const Forwarding& wanted, const Image& previous, Image& image);

// The number of the frontend's set; 0: it has no source ranges, or the card has no room for them.
uint8_t RangeSetOf(const Frontend& frontend, const Image& image);

// `wanted.sources` and the prefixes of all sets, the latter with class and next hop of the
// longest source around them.
std::vector<Source> SourcesWithRanges(const Forwarding& wanted, const Image& image);

// Bit n - 1: all addresses under the prefix lie in set n.
uint32_t RangeSetsOf(const AddressPrefix& prefix, const Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_RANGE_SETS_H_
