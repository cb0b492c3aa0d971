#include "flow_tables/frontend_index.h"

namespace pointsman {

uint64_t FrontendKey(const FrontendRow& row) {
  return row.destination_address | uint64_t{row.destination_port} << 32 |
         uint64_t{row.protocol} << 48;
}

FrontendIndex IndexFrontends(const std::vector<FrontendRow>& frontends) {
  FrontendIndex index;
  for (uint32_t row = 0; row < frontends.size(); ++row) {
    if (frontends[row].valid) index.emplace(FrontendKey(frontends[row]), row);
  }
  return index;
}

}  // namespace pointsman
