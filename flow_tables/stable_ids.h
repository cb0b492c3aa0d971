// Rows of a table by content: what was there before keeps its row, what is new takes a row that
// held nothing before. So the old table and the new one fit side by side.
#ifndef POINTSMAN_FLOW_TABLES_STABLE_IDS_H_
#define POINTSMAN_FLOW_TABLES_STABLE_IDS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "hw/card_layout.h"

namespace pointsman {

class StableIds {
 public:
  explicit StableIds(uint32_t rows) : taken_(rows) {}

  // The row held this content before. Of two rows with the same content the first kept counts, and
  // neither is given away. REQUIRES: called before the first Id().
  void Keep(const RowBits& content, uint32_t row);

  // The row of this content, always the same one; nothing when all rows are taken.
  std::optional<uint32_t> Id(const RowBits& content);

 private:
  absl::flat_hash_map<RowBits, uint32_t> ids_;
  std::vector<bool> taken_;
  uint32_t next_free_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_STABLE_IDS_H_
