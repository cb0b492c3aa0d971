// All rows of a card that hold something, as the card has them: read a part at a time, so that
// packets need not wait for the whole. The document is JSON,
// {"layout_hash": 1019444281, "rows": [["frontends", 12, ["a600001...", ...]], ...]}: table, row,
// and the words of RowBits from the lowest on, in hexadecimal, up to the last that is not zero.
#ifndef POINTSMAN_HOST_AGENT_ROW_DUMP_H_
#define POINTSMAN_HOST_AGENT_ROW_DUMP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "driver/card_tables.h"
#include "flow_tables/plan.h"

namespace pointsman {

// Not thread-safe.
class RowDump {
 public:
  // Reads the next `rows` rows, or fewer where a table ends; of all tables but hash-keys, which
  // are the card's secret. True: these were the last, and Take has the document. Errors: those of
  // Card::Read, after which it goes on where it was.
  absl::StatusOr<bool> ReadNext(uint32_t rows, Card& card);

  // The document of all rows read; the next one begins anew.
  std::string Take();

 private:
  std::string rows_;  // of the document
  size_t table_ = 0;  // of CardTables()
  uint32_t row_ = 0;
};

// The rows of such a document. InvalidArgument: it is none, of another layout, or damaged.
absl::StatusOr<std::vector<RowWrite>> ParseRowDump(std::string_view document);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_ROW_DUMP_H_
