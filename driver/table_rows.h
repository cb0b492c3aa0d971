// Rows of the card's tables through the command ring, with the proof that they arrived.
#ifndef POINTSMAN_DRIVER_TABLE_ROWS_H_
#define POINTSMAN_DRIVER_TABLE_ROWS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/command_ring.h"
#include "flow_tables/plan.h"

namespace pointsman {

// Writes in order, then reads every row once and compares it with what was written last. Rows that
// packets change too (connections, counters) are not compared.
// Errors: InvalidArgument or OutOfRange (FindRows), nothing was written; DataLoss naming the first
// row that differs, everything was written; those of CommandRing::Execute.
absl::Status WriteRows(CommandRing& commands, const CardSizes& sizes,
                       std::span<const RowWrite> rows);

// Rows [index, index + count). Errors: those of FindRows and of CommandRing::Execute.
absl::StatusOr<std::vector<RowBits>> ReadRows(CommandRing& commands, const CardSizes& sizes,
                                              TableId table, uint32_t index, uint32_t count);

// Zeroes every row of every table, one command a table. Errors: those of CommandRing::Execute.
absl::Status ClearTables(CommandRing& commands, const CardSizes& sizes);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_TABLE_ROWS_H_
