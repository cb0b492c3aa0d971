// Table affinity: which endpoint a client of a group meets again, as far as the card is to know it
// by itself. What a row says holds only while its slot lies in the run of the client's half and
// leads to the row's endpoint; so rows need not follow the endpoints of Services, and one that is
// left behind costs a punt. Not thread-safe.
#ifndef POINTSMAN_FLOW_TABLES_AFFINITY_ROWS_H_
#define POINTSMAN_FLOW_TABLES_AFFINITY_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/forwarding.h"
#include "flow_tables/plan.h"

namespace pointsman {

// The frontend's group as its row names it: a hash of Frontend::affinity_group. 0: no affinity. Of
// two groups with one number, each client's row serves the one whose connection was the last.
uint32_t AffinityGroupOf(const Frontend& frontend);

// The rows as an executor reads them.
class AffinityTable {
 public:
  // `rows`: a power of two, or 0 for a card without.
  explicit AffinityTable(uint32_t rows) : rows_(rows) {}

  // REQUIRES: index < rows.
  void Write(uint32_t index, const AffinityRow& row) { rows_[index] = row; }

  // nullptr: none.
  const AffinityRow* Find(uint32_t group, const Bits128& client) const;

  const std::vector<AffinityRow>& rows() const { return rows_; }

 private:
  std::vector<AffinityRow> rows_;
};

// The rows as the host fills them.
class AffinityRows {
 public:
  struct Client {
    uint32_t group = 0;
    Bits128 address{};
    friend bool operator==(const Client&, const Client&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Client& client) {
      return H::combine(std::move(h), client.group, client.address.low, client.address.high);
    }
  };

  explicit AffinityRows(uint32_t rows) : table_(rows) {}

  // Appends the writes after which the client meets the slot's endpoint; others move meanwhile
  // without a moment in which they are not there. False: there is no room, nothing is appended.
  bool Set(const Client& client, uint32_t slot, uint32_t endpoint, std::vector<RowWrite>& writes);

  // Appends the write after which the table does not know the client; it may not know it before.
  void Erase(const Client& client, std::vector<RowWrite>& writes);

  // Appends a write for each row in use, and forgets them.
  void Clear(std::vector<RowWrite>& writes);

  // The write of a row as it is to be.
  RowWrite WriteOf(uint32_t index) const;

  const absl::flat_hash_map<Client, uint32_t>& row_by_client() const { return row_by_client_; }

 private:
  void Put(uint32_t index, const AffinityRow& row, std::vector<RowWrite>& writes);

  AffinityTable table_;
  absl::flat_hash_map<Client, uint32_t> row_by_client_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_AFFINITY_ROWS_H_
