// Where the card's table of endpoints has an endpoint, row by row as it is written. Not
// thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_ENDPOINT_DIRECTORY_H_
#define POINTSMAN_HOST_SOFTPATH_ENDPOINT_DIRECTORY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "flow_tables/image.h"
#include "host/softpath/affinity.h"

namespace pointsman {

// An endpoint and the way to it: what makes a row.
struct EndpointPlace {
  EndpointId id;
  NextHop next_hop;
  friend bool operator==(const EndpointPlace&, const EndpointPlace&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const EndpointPlace& place) {
    return H::combine(std::move(h), place.id, place.next_hop.egress,
                      place.next_hop.destination_mac.value, place.next_hop.source_mac.value,
                      place.next_hop.vxlan_address.value, place.next_hop.vxlan_mac.value);
  }
};

class EndpointDirectory {
 public:
  // As the tables of the image have them.
  void Reset(const Image& image);
  // The row is this one now, its next hop one of `next_hops`.
  void Set(uint32_t row, const EndpointRow& endpoint, const std::vector<NextHopRow>& next_hops);

  // Nothing: no row has it.
  std::optional<uint32_t> RowOf(const EndpointPlace& place) const;
  // nullptr: no row has it. Valid until the next change.
  const NextHop* HopOf(const EndpointId& id) const;

 private:
  using Rows = absl::InlinedVector<uint32_t, 1>;

  std::vector<std::optional<EndpointPlace>> places_;  // by row
  absl::flat_hash_map<EndpointPlace, Rows> by_place_;
  absl::flat_hash_map<EndpointId, Rows> by_id_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_ENDPOINT_DIRECTORY_H_
