// The card's tables by id: what commands need to know of each.
#ifndef POINTSMAN_DRIVER_CARD_TABLES_H_
#define POINTSMAN_DRIVER_CARD_TABLES_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hw/card_layout.h"

namespace pointsman {

struct CardTable {
  TableId id;
  const char* name;  // as in the card's description
  uint32_t CardSizes::*rows;
  bool card_writes;  // packets change its rows, so that a read-back proves nothing
};

std::span<const CardTable> CardTables();

// The table's entry. InvalidArgument: there is no such table; OutOfRange: rows
// [index, index + count) go beyond its end.
absl::StatusOr<const CardTable*> FindRows(const CardSizes& sizes, TableId id, uint32_t index,
                                          uint32_t count);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_CARD_TABLES_H_
