// Table sources of an image.
#ifndef POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_
#define POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_

#include <vector>

#include "absl/status/status.h"
#include "flow_tables/image.h"
#include "flow_tables/next_hop_rows.h"

namespace pointsman {

// Writes a row for each source, with the sets of image.range_sets that hold it; a
// prefix that `previous` has keeps its row. Errors, naming the source: InvalidArgument for a
// repeated or impossible prefix, ResourceExhausted.
absl::Status FillSources(const std::vector<Source>& sources, const Image& previous,
                         NextHopRows& next_hops, Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_
