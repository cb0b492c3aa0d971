#include "flow_tables/frontend_tags.h"

namespace pointsman {

FrontendTags::FrontendTags(std::span<const FrontendRow> rows)
    : geometry_(FrontendGeometry(static_cast<uint32_t>(rows.size()))), tags_(rows.size(), 0) {
  for (uint32_t at = 0; at < rows.size(); ++at) {
    const FrontendRow& row = rows[at];
    if (!row.valid) continue;
    const HashPair hashes = FrontendHashes(Address::FromBits(row.destination_address),
                                           row.destination_port, Protocol{row.protocol});
    tags_[at] = Tag(geometry_.BankOf(at) == 0 ? hashes.first : hashes.second);
  }
}

}  // namespace pointsman
