// Table endpoints of an image: one row for each address, port and next hop, whichever frontends it
// serves.
#ifndef POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_
#define POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/image.h"
#include "flow_tables/next_hop_rows.h"
#include "flow_tables/stable_ids.h"

namespace pointsman {

class EndpointRows {
 public:
  // Borrows `next_hops` and `image`, which must outlive it.
  EndpointRows(const Image& previous, NextHopRows& next_hops, Image& image);

  // The rows of the half's endpoints in their order, written to the image. Errors, naming the
  // frontend: ResourceExhausted, InvalidArgument if the endpoints are not sorted.
  absl::StatusOr<std::vector<uint32_t>> Ids(const FrontendHalf& half, const Frontend& frontend);

 private:
  absl::StatusOr<uint32_t> Id(const Backend& backend, const Frontend& frontend);

  NextHopRows& next_hops_;
  Image& image_;
  StableIds ids_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_ENDPOINT_ROWS_H_
