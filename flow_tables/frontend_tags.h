// A byte for each row of table frontends that tells most keys apart: which rows a packet's key may
// be in is known without a look at them. Immutable once made.
#ifndef POINTSMAN_FLOW_TABLES_FRONTEND_TAGS_H_
#define POINTSMAN_FLOW_TABLES_FRONTEND_TAGS_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "flow_tables/hash.h"
#include "flow_tables/placement.h"

namespace pointsman {

class FrontendTags {
 public:
  // REQUIRES: as many rows as a table frontends may have.
  explicit FrontendTags(std::span<const FrontendRow> rows);

  // The rows that may hold a key with these hashes: bit `way` of the bucket in bank 0, and above
  // kFrontendsWays those of the one in bank 1.
  uint32_t Candidates(const HashPair& hashes) const {
    return Matching(0, hashes, hashes.first) | Matching(1, hashes, hashes.second) << kFrontendsWays;
  }
  // The row of a bit of Candidates.
  uint32_t RowOf(const HashPair& hashes, uint32_t bit) const {
    return geometry_.FirstRow(bit / kFrontendsWays, hashes) + bit % kFrontendsWays;
  }

 private:
  // Buckets are chosen by the low bits. 0 is a free row.
  static uint8_t Tag(uint32_t hash) {
    const auto tag = static_cast<uint8_t>(hash >> 24);
    return tag == 0 ? 1 : tag;
  }
  uint32_t Matching(uint32_t bank, const HashPair& hashes, uint32_t hash) const {
    static_assert(kFrontendsWays == 4);
    const uint8_t* tags = &tags_[geometry_.FirstRow(bank, hashes)];
    const uint8_t tag = Tag(hash);
    return static_cast<uint32_t>(tags[0] == tag) | static_cast<uint32_t>(tags[1] == tag) << 1 |
           static_cast<uint32_t>(tags[2] == tag) << 2 | static_cast<uint32_t>(tags[3] == tag) << 3;
  }

  BucketGeometry geometry_;
  std::vector<uint8_t> tags_;  // by row
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FRONTEND_TAGS_H_
