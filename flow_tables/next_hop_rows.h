// Table next-hops of an image: row 0 is the gateway, equal next hops share a row.
//
// A row that nobody uses any more keeps its content until another next hop needs it, the oldest
// first: connections have the numbers of rows, and those to an endpoint that drains still go there.
#ifndef POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_
#define POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/free_rows.h"
#include "flow_tables/image_draft.h"

namespace pointsman {

// What a valid row says.
inline NextHop NextHopOf(const NextHopRow& row) {
  return {
      row.egress, {row.destination_mac}, {row.source_mac}, {row.vxlan_address}, {row.vxlan_mac}};
}

class NextHopRows {
 public:
  // Takes over the rows that the draft has, all of them without users. Borrows the draft.
  explicit NextHopRows(ImageDraft& draft);

  // Writes row 0. Who has the gateway's next hop follows it.
  void SetGateway(const NextHop& gateway);

  // The row of this next hop, which has one user more; nothing: all rows are taken.
  std::optional<uint16_t> Acquire(const NextHop& next_hop);
  // One user more. REQUIRES: the row is part of the table.
  void Use(uint16_t row) { ++users_[row]; }
  void Release(uint16_t row);

  // Rows that lost their last user may be taken from now on.
  void Settle();

  uint32_t users(uint16_t row) const { return users_[row]; }

 private:
  std::optional<uint32_t> TakeRow();
  void Free(uint32_t row);

  ImageDraft& draft_;
  absl::flat_hash_map<RowBits, uint32_t> rows_;  // by content
  std::vector<uint32_t> users_;
  // Rows without users, each once, and some that somebody uses again.
  FreeRows free_;
  std::vector<bool> in_free_;
  std::vector<uint32_t> released_;  // since the last Settle; somebody may use them again
  std::vector<bool> is_released_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_
