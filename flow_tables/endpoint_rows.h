// Table endpoints of an image: one row for each address, port and next hop, whichever runs and
// frontends use it.
#ifndef POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_
#define POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "flow_tables/free_rows.h"
#include "flow_tables/image_draft.h"
#include "flow_tables/next_hop_rows.h"

namespace pointsman {

class EndpointRows {
 public:
  // Takes over the rows that the draft has, all of them without users; they go with the next Settle
  // unless they get some. Borrows both.
  EndpointRows(NextHopRows& next_hops, ImageDraft& draft);

  // The row of each, in their order, none of those to lend; each row has one user more.
  // ResourceExhausted, naming table and `user`: nothing is acquired.
  absl::StatusOr<std::vector<uint32_t>> Acquire(std::span<const Backend> endpoints,
                                                const Frontend& user);
  // The same for one, which may be among the rows to lend.
  absl::StatusOr<uint32_t> Borrow(const Backend& endpoint, const Frontend& user) {
    return Acquire(endpoint, user, 0);
  }
  // One user more. REQUIRES: the row is valid.
  void Use(uint32_t row) { ++users_[row]; }
  void Release(uint32_t row);

  // Takes the rows without users out of the table; they are free from then on.
  void Settle();

  uint32_t users(uint32_t row) const { return users_[row]; }

 private:
  using Key = std::tuple<Address, uint16_t, uint16_t>;  // address, port, next hop

  static Key KeyOf(const EndpointRow& row);
  absl::StatusOr<uint32_t> Acquire(const Backend& endpoint, const Frontend& user, uint32_t kept);

  NextHopRows& next_hops_;
  ImageDraft& draft_;
  absl::flat_hash_map<Key, uint32_t> rows_;
  std::vector<uint32_t> users_;
  FreeRows free_;
  std::vector<uint32_t> released_;  // since the last Settle; somebody may use them again
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_
