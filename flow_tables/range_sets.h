// Source-range sets: which clients a frontend is for, as the card looks it up. A prefix of
// `sources` says in which sets it lies, so that one longest-prefix match answers for all frontends.
#ifndef POINTSMAN_FLOW_TABLES_RANGE_SETS_H_
#define POINTSMAN_FLOW_TABLES_RANGE_SETS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "flow_tables/image_draft.h"

namespace pointsman {

// Numbers the sets of source ranges that frontends of the card have, in image.range_sets, as far as
// there is room: 32 sets, whose prefixes with those of `sources` fill half of the table at most, so
// that old and new fit side by side.
class RangeSets {
 public:
  // Takes over the sets that the draft's rows of sources speak of, all of them without users.
  // Borrows the draft.
  explicit RangeSets(ImageDraft& draft);

  // The number of the frontend's set, which has one user more; 0: it has no source ranges, or the
  // card has no room for them. `sources`: Forwarding::sources.
  uint8_t Acquire(const Frontend& frontend, const std::vector<Source>& sources);
  void Use(uint8_t number) { ++users_[number - 1U]; }
  void Release(uint8_t number) { --users_[number - 1U]; }  // 0: the set stays until Settle

  // Drops sets without users. REQUIRES: no frontend row in use has them any more, that is, what was
  // planned since they lost their users is written.
  void Settle();

  // Whether sets came or went since this was last asked.
  bool TakeChanged() { return std::exchange(changed_, false); }

 private:
  ImageDraft& draft_;
  std::array<uint32_t, kRangeSets> users_{};
  bool changed_ = false;
};

// It has source ranges, and it is the card that shall look at them.
bool NeedsRangeSet(const Frontend& frontend);

// `wanted.sources` and the prefixes of all sets, the latter with class and next hop of the
// longest source around them.
std::vector<Source> SourcesWithRanges(const Forwarding& wanted, const Image& image);

// Bit n - 1: all addresses under the prefix lie in set n.
uint32_t RangeSetsOf(const AddressPrefix& prefix, const Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_RANGE_SETS_H_
