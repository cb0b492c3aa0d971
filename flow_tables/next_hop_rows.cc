#include "flow_tables/next_hop_rows.h"

namespace pointsman {
namespace {

NextHopRow RowOf(const NextHop& next_hop) {
  return {.valid = true,
          .egress = next_hop.egress,
          .destination_mac = next_hop.destination_mac.value,
          .source_mac = next_hop.source_mac.value,
          .vxlan_address = next_hop.vxlan_address.value,
          .vxlan_mac = next_hop.vxlan_mac.value};
}

}  // namespace

NextHopRows::NextHopRows(ImageDraft& draft)
    : draft_(draft),
      users_(draft.image().next_hops.size()),
      in_free_(users_.size()),
      is_released_(users_.size()) {
  const std::vector<NextHopRow>& rows = draft.image().next_hops;
  for (const bool valid : {false, true}) {
    for (uint32_t row = 0; row < rows.size(); ++row) {
      if (rows[row].valid != valid) continue;
      if (valid) rows_.try_emplace(PackRow(rows[row]), row);
      if (row != 0) Free(row);
    }
  }
}

void NextHopRows::SetGateway(const NextHop& gateway) {
  const NextHopRow& held = draft_.image().next_hops[0];
  const NextHopRow wanted = RowOf(gateway);
  if (const auto old = rows_.find(PackRow(held)); old != rows_.end() && old->second == 0) {
    rows_.erase(old);
  }
  draft_.Set(0, wanted);
  rows_.try_emplace(PackRow(wanted), 0);
}

std::optional<uint16_t> NextHopRows::Acquire(const NextHop& next_hop) {
  const NextHopRow content = RowOf(next_hop);
  const RowBits bits = PackRow(content);
  auto known = rows_.find(bits);
  if (known == rows_.end()) {
    const auto row = TakeRow();
    if (!row) return std::nullopt;
    draft_.Set(*row, content);
    known = rows_.emplace(bits, *row).first;
  }
  ++users_[known->second];
  return static_cast<uint16_t>(known->second);
}

// Forgets what the row held.
std::optional<uint32_t> NextHopRows::TakeRow() {
  for (auto row = free_.Take(); row; row = free_.Take()) {
    in_free_[*row] = false;
    if (users_[*row] != 0 || is_released_[*row]) continue;
    const NextHopRow& held = draft_.image().next_hops[*row];
    const auto old = rows_.find(PackRow(held));
    if (old != rows_.end() && old->second == *row) rows_.erase(old);
    return row;
  }
  return std::nullopt;
}

void NextHopRows::Free(uint32_t row) {
  if (in_free_[row]) return;
  in_free_[row] = true;
  free_.Return(row);
}

void NextHopRows::Release(uint16_t row) {
  if (--users_[row] != 0 || row == 0 || is_released_[row]) return;
  is_released_[row] = true;
  released_.push_back(row);
}

void NextHopRows::Settle() {
  for (const uint32_t row : released_) {
    is_released_[row] = false;
    if (users_[row] == 0) Free(row);
  }
  released_.clear();
}

}  // namespace pointsman
