// Table frontends of an image: where each frontend stands, its halves and its counter.
#ifndef POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_
#define POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_

#include <vector>

#include "absl/status/status.h"
#include "flow_tables/endpoint_rows.h"
#include "flow_tables/image.h"

namespace pointsman {

// Writes a row for each frontend, its endpoints, slots and counter name. A frontend that `previous`
// has keeps its counter and, unless it must make room for another, its row. Frontends never change
// rows in a circle, so each can be in its new row before its old one is overwritten. Errors, naming
// the frontend: InvalidArgument (repeated, or forwarding to nowhere), ResourceExhausted.
absl::Status FillFrontends(const std::vector<Frontend>& frontends, const Image& previous,
                           EndpointRows& endpoints, Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_
