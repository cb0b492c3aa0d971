#include "flow_tables/frontend_index.h"

namespace pointsman {

FrontendKey KeyOf(const FrontendRow& row) {
  return {Address::FromBits(row.destination_address), row.destination_port, Protocol{row.protocol}};
}

FrontendIndex IndexFrontends(const std::vector<FrontendRow>& frontends) {
  FrontendIndex index;
  for (uint32_t row = 0; row < frontends.size(); ++row) {
    if (frontends[row].valid) index.emplace(KeyOf(frontends[row]), row);
  }
  return index;
}

}  // namespace pointsman
