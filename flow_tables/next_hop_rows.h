// Table next-hops of an image: row 0 is the gateway, equal next hops share a row.
#ifndef POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_
#define POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flow_tables/describe.h"
#include "flow_tables/image.h"
#include "flow_tables/stable_ids.h"

namespace pointsman {

// What a valid row says.
inline NextHop NextHopOf(const NextHopRow& row) {
  return {
      row.egress, {row.destination_mac}, {row.source_mac}, {row.vxlan_address}, {row.vxlan_mac}};
}

class NextHopRows {
 public:
  // Writes row 0. Borrows `image`, which must outlive it.
  NextHopRows(const NextHop& gateway, const Image& previous, Image& image);

  // The row of this next hop, written to the image. Who has the gateway's next hop follows row 0,
  // unless `previous` has a row of its own for it. ResourceExhausted, naming `user`.
  template <class User>  // Frontend or Source
  absl::StatusOr<uint16_t> Id(const NextHop& next_hop, const User& user) {
    const auto id = Find(next_hop);
    return id ? absl::StatusOr<uint16_t>(*id) : Exhausted(Describe(user));
  }

 private:
  std::optional<uint16_t> Find(const NextHop& next_hop);
  absl::Status Exhausted(const std::string& user) const;

  Image& image_;
  StableIds ids_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_NEXT_HOP_ROWS_H_
