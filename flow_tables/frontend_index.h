// Frontends by key: which row of a table holds which address, port and protocol.
#ifndef POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_
#define POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "hw/card_layout.h"

namespace pointsman {

// The key of a valid row as one number.
uint64_t FrontendKey(const FrontendRow& row);

using FrontendIndex = absl::flat_hash_map<uint64_t, uint32_t>;  // row by key

// Of the valid rows.
FrontendIndex IndexFrontends(const std::vector<FrontendRow>& frontends);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_
