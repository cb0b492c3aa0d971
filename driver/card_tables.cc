#include "driver/card_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pointsman {
namespace {

constexpr std::array<CardTable, 13> kTables = {{
    {TableId::kFrontends, "frontends", &CardSizes::frontends, false},
    {TableId::kSources, "sources", &CardSizes::sources, false},
    {TableId::kSlots, "slots", &CardSizes::slots, false},
    {TableId::kEndpoints, "endpoints", &CardSizes::endpoints, false},
    {TableId::kNextHops, "next-hops", &CardSizes::next_hops, false},
    {TableId::kOriginals, "originals", &CardSizes::originals, true},
    {TableId::kReplies, "replies", &CardSizes::replies, true},
    {TableId::kHashKeys, "hash-keys", &CardSizes::hash_keys, false},
    {TableId::kFrontendCounters, "frontend-counters", &CardSizes::frontend_counters, true},
    {TableId::kEndpointCounters, "endpoint-counters", &CardSizes::endpoint_counters, true},
    {TableId::kOriginalsIpv6, "originals-ipv6", &CardSizes::originals_ipv6, true},
    {TableId::kRepliesIpv6, "replies-ipv6", &CardSizes::replies_ipv6, true},
    {TableId::kAffinity, "affinity", &CardSizes::affinity, false},
}};
static_assert(sizeof(CardSizes) == kTables.size() * sizeof(uint32_t), "one entry for each table");

}  // namespace

std::span<const CardTable> CardTables() { return kTables; }

absl::StatusOr<const CardTable*> FindRows(const CardSizes& sizes, TableId id, uint32_t index,
                                          uint32_t count) {
  const auto* table = std::find_if(kTables.begin(), kTables.end(),
                                   [id](const CardTable& entry) { return entry.id == id; });
  if (table == kTables.end()) {
    return absl::InvalidArgumentError(fmt::format("the card has no table {}", int(id)));
  }
  const uint32_t rows = sizes.*table->rows;
  if (index > rows || count > rows - index) {
    return absl::OutOfRangeError(fmt::format("{}: rows {} to {} asked for, the card has {}",
                                             table->name, index, uint64_t{index} + count, rows));
  }
  return table;
}

}  // namespace pointsman
