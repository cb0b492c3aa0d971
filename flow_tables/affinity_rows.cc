#include "flow_tables/affinity_rows.h"

#include "flow_tables/hash.h"
#include "flow_tables/placement.h"

namespace pointsman {

uint32_t AffinityGroupOf(const Frontend& frontend) {
  if (frontend.affinity_seconds == 0) return 0;
  const auto* name = reinterpret_cast<const uint8_t*>(frontend.affinity_group.data());
  const uint32_t hash = Crc32c(~uint32_t{0}, {name, frontend.affinity_group.size()});
  return hash != 0 ? hash : 1;
}

const AffinityRow* AffinityTable::Find(uint32_t group, const Bits128& client) const {
  if (rows_.empty()) return nullptr;
  const HashPair hashes = AffinityHashes(group, client);
  const BucketGeometry geometry = AffinityGeometry(static_cast<uint32_t>(rows_.size()));
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    for (uint32_t at = first; at < first + geometry.ways; ++at) {
      const AffinityRow& row = rows_[at];
      if (row.valid && row.group == group && row.client_address == client) return &row;
    }
  }
  return nullptr;
}

bool AffinityRows::Set(const Client& client, uint32_t slot, uint32_t endpoint,
                       std::vector<RowWrite>& writes) {
  const AffinityRow row{.valid = true,
                        .group = client.group,
                        .client_address = client.address,
                        .slot = slot,
                        .endpoint = endpoint};
  if (const auto known = row_by_client_.find(client); known != row_by_client_.end()) {
    Put(known->second, row, writes);
    return true;
  }
  if (table_.rows().empty()) return false;
  const auto occupant = [this](uint32_t index) -> std::optional<HashPair> {
    const AffinityRow& held = table_.rows()[index];
    if (!held.valid) return std::nullopt;
    return AffinityHashes(held.group, held.client_address);
  };
  const auto geometry = AffinityGeometry(static_cast<uint32_t>(table_.rows().size()));
  const auto room = FindRoom(geometry, AffinityHashes(client.group, client.address), occupant);
  if (!room) return false;
  for (const Displacement& move : room->displacements) {
    Put(move.to, AffinityRow(table_.rows()[move.from]), writes);
  }
  Put(room->row, row, writes);
  return true;
}

void AffinityRows::Erase(const Client& client, std::vector<RowWrite>& writes) {
  const auto known = row_by_client_.find(client);
  if (known == row_by_client_.end()) return;
  table_.Write(known->second, {});
  writes.push_back(WriteOf(known->second));
  row_by_client_.erase(known);
}

void AffinityRows::Clear(std::vector<RowWrite>& writes) {
  for (const auto& [client, index] : row_by_client_) {
    table_.Write(index, {});
    writes.push_back(WriteOf(index));
  }
  row_by_client_.clear();
}

RowWrite AffinityRows::WriteOf(uint32_t index) const {
  return {.table = TableId::kAffinity, .index = index, .row = PackRow(table_.rows()[index])};
}

void AffinityRows::Put(uint32_t index, const AffinityRow& row, std::vector<RowWrite>& writes) {
  table_.Write(index, row);
  row_by_client_[{row.group, row.client_address}] = index;
  writes.push_back(WriteOf(index));
}

}  // namespace pointsman
