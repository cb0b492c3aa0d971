// Table sources of an image.
#ifndef POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_
#define POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "flow_tables/free_rows.h"
#include "flow_tables/image_draft.h"
#include "flow_tables/next_hop_rows.h"

namespace pointsman {

// InvalidArgument, naming the source: not a prefix, or there twice.
absl::Status CheckSources(const std::vector<Source>& sources);

class SourceRows {
 public:
  // Takes over the rows that the draft has. Borrows both.
  SourceRows(NextHopRows& next_hops, ImageDraft& draft);

  // The table holds these and no others; a prefix that it has keeps its row. Rows that become free
  // are taken from the next call on. ResourceExhausted, naming the source: nothing changed.
  // REQUIRES: CheckSources.
  absl::Status Fill(const std::vector<Source>& sources);

 private:
  ImageDraft& draft_;
  NextHopRows& next_hops_;
  std::map<AddressPrefix, uint32_t> rows_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SOURCE_ROWS_H_
