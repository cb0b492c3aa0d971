// Frontends by key: which row of a table holds which address, port and protocol.
#ifndef POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_
#define POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_

#include <cstdint>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman {

using FrontendKey = std::tuple<Address, uint16_t, Protocol>;

// The key of a valid row.
FrontendKey KeyOf(const FrontendRow& row);

using FrontendIndex = absl::flat_hash_map<FrontendKey, uint32_t>;  // row by key

// Of the valid rows.
FrontendIndex IndexFrontends(const std::vector<FrontendRow>& frontends);

// The valid row of the key in table frontends; nullptr: none.
const FrontendRow* FindFrontendRow(const std::vector<FrontendRow>& frontends,
                                   const FrontendKey& key);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FRONTEND_INDEX_H_
