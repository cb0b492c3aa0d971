// Table frontends of an image: where each frontend stands, and its counter.
#ifndef POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_
#define POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flow_tables/free_rows.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/image_draft.h"

namespace pointsman {

class FrontendRows {
 public:
  // Takes over the rows that the draft has. Borrows the draft. REQUIRES: no key stands in two rows.
  explicit FrontendRows(ImageDraft& draft);

  // Writes the row of a frontend, all but the counter. A frontend that the table has keeps its row,
  // unless it must make room for another, and its counter. ResourceExhausted, naming table and
  // frontend: it is new and there is no room but that to lend.
  absl::Status Put(FrontendRow content, const Frontend& frontend);
  // The same with the rows and counters to lend.
  absl::Status Borrow(const FrontendRow& content, const Frontend& frontend) {
    return Put(content, frontend, 0);
  }

  // Nothing if the table does not have it.
  void Remove(const FrontendKey& key);

  bool Contains(const FrontendKey& key) const { return rows_.contains(key); }

  // Ends a step: frontends have not changed rows in a circle, so each can be in its new row before
  // its old one is overwritten. Counters that were given up may be taken.
  void Settle();

 private:
  absl::Status Put(FrontendRow content, const Frontend& frontend, uint32_t share_kept);
  std::optional<uint32_t> MakeRoom(const FrontendRow& wanted);
  void UndoCircles();

  ImageDraft& draft_;
  FrontendIndex rows_;
  FreeRows counters_;
  std::vector<uint32_t> counters_given_up_;  // since the last Settle
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FRONTEND_ROWS_H_
