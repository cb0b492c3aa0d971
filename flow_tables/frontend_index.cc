#include "flow_tables/frontend_index.h"

#include "flow_tables/placement.h"

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

const FrontendRow* FindFrontendRow(const std::vector<FrontendRow>& frontends,
                                   const FrontendKey& key) {
  const auto& [address, port, protocol] = key;
  const HashPair hashes = FrontendHashes(address, port, protocol);
  const BucketGeometry geometry = FrontendGeometry(static_cast<uint32_t>(frontends.size()));
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    for (uint32_t at = first; at < first + geometry.ways; ++at) {
      if (frontends[at].valid && KeyOf(frontends[at]) == key) return &frontends[at];
    }
  }
  return nullptr;
}

}  // namespace pointsman
