#include "flow_tables/plan.h"

#include <algorithm>

#include "flow_tables/frontend_index.h"

namespace pointsman {
namespace {

template <class Row>
void Write(uint32_t index, const std::vector<Row>& to, Plan& plan) {
  plan.writes.push_back({.table = Row::kTable, .index = index, .row = PackRow(to[index])});
}

// The rows that are valid in `to`, where they differ.
template <class Row>
void WriteValid(const std::vector<Row>& from, const std::vector<Row>& to, Plan& plan) {
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (to[row].valid && to[row] != from[row]) Write(row, to, plan);
  }
}

// The rows that are not valid in `to` but hold something.
template <class Row>
void Clear(const std::vector<Row>& from, const std::vector<Row>& to, Plan& plan) {
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (!to[row].valid && to[row] != from[row]) Write(row, to, plan);
  }
}

void WriteSlots(const std::vector<SlotRow>& from, const std::vector<SlotRow>& to, Plan& plan) {
  for (uint32_t slot = 0; slot < to.size(); ++slot) {
    if (to[slot] != from[slot]) Write(slot, to, plan);
  }
}

// New prefixes from the longest, so that none is covered for a moment by a shorter one that is also
// new; then those that change; then those that go, from the shortest.
void WriteSources(const std::vector<SourceRow>& from, const std::vector<SourceRow>& to,
                  Plan& plan) {
  std::vector<uint32_t> added;
  std::vector<uint32_t> removed;
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (to[row].valid && !from[row].valid) added.push_back(row);
    if (!to[row].valid && from[row].valid) removed.push_back(row);
  }
  std::ranges::sort(added, std::ranges::greater(),
                    [&to](uint32_t row) { return to[row].prefix_length; });
  std::ranges::sort(removed, std::ranges::less(),
                    [&from](uint32_t row) { return from[row].prefix_length; });
  for (const uint32_t row : added) Write(row, to, plan);
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (to[row].valid && from[row].valid && to[row] != from[row]) Write(row, to, plan);
  }
  for (const uint32_t row : removed) Write(row, to, plan);
}

// `to`, but frontends that change rows still have their old content.
std::vector<FrontendRow> MovedFrontends(const std::vector<FrontendRow>& from,
                                        const std::vector<FrontendRow>& to) {
  const FrontendIndex old_rows = IndexFrontends(from);
  std::vector<FrontendRow> moved = to;
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (!to[row].valid) continue;
    const auto old = old_rows.find(KeyOf(to[row]));
    if (old != old_rows.end() && old->second != row) moved[row] = from[old->second];
  }
  return moved;
}

// A row is overwritten when the frontend it holds stands in its new row, or goes away.
void MoveFrontends(const std::vector<FrontendRow>& from, const std::vector<FrontendRow>& to,
                   Plan& plan) {
  const FrontendIndex new_rows = IndexFrontends(to);
  std::vector<bool> planned(to.size());
  for (uint32_t start = 0; start < to.size(); ++start) {
    if (!to[start].valid || to[start] == from[start]) continue;
    std::vector<uint32_t> chain;  // each waits for the next one
    for (uint32_t row = start; !planned[row];) {
      planned[row] = true;
      chain.push_back(row);
      const auto new_row = new_rows.find(KeyOf(from[row]));
      if (from[row].valid && new_row != new_rows.end()) row = new_row->second;
    }
    for (auto row = chain.rbegin(); row != chain.rend(); ++row) Write(*row, to, plan);
  }
  Clear(from, to, plan);
}

// A frontend that changes rows stands in both for a moment, so it changes nothing else until it
// stands in one.
void WriteFrontends(const std::vector<FrontendRow>& from, const std::vector<FrontendRow>& to,
                    Plan& plan) {
  const std::vector<FrontendRow> moved = MovedFrontends(from, to);
  MoveFrontends(from, moved, plan);
  WriteValid(moved, to, plan);
}

}  // namespace

Plan MakePlan(const Image& from, const Image& to) {
  Plan plan;
  if (from.configuration != to.configuration) plan.configuration = to.configuration;
  WriteValid(from.next_hops, to.next_hops, plan);
  WriteValid(from.endpoints, to.endpoints, plan);
  WriteSlots(from.slots, to.slots, plan);
  WriteSources(from.sources, to.sources, plan);
  WriteFrontends(from.frontends, to.frontends, plan);
  Clear(from.endpoints, to.endpoints, plan);
  Clear(from.next_hops, to.next_hops, plan);
  return plan;
}

std::optional<RowWrite> WriteOf(const Image& image, TableId table, uint32_t index) {
  const auto write = [&](const auto& rows) -> std::optional<RowWrite> {
    if (index >= rows.size()) return std::nullopt;
    return RowWrite{.table = table, .index = index, .row = PackRow(rows[index])};
  };
  switch (table) {
    case TableId::kFrontends:
      return write(image.frontends);
    case TableId::kSources:
      return write(image.sources);
    case TableId::kSlots:
      return write(image.slots);
    case TableId::kEndpoints:
      return write(image.endpoints);
    case TableId::kNextHops:
      return write(image.next_hops);
    default:
      return std::nullopt;
  }
}

void Apply(const RowWrite& write, Image& image) {
  switch (write.table) {
    case TableId::kFrontends:
      image.frontends[write.index] = UnpackRow<FrontendRow>(write.row);
      break;
    case TableId::kSources:
      image.sources[write.index] = UnpackRow<SourceRow>(write.row);
      break;
    case TableId::kSlots:
      image.slots[write.index] = UnpackRow<SlotRow>(write.row);
      break;
    case TableId::kEndpoints:
      image.endpoints[write.index] = UnpackRow<EndpointRow>(write.row);
      break;
    case TableId::kNextHops:
      image.next_hops[write.index] = UnpackRow<NextHopRow>(write.row);
      break;
    case TableId::kOriginals:
    case TableId::kReplies:
    case TableId::kOriginalsIpv6:
    case TableId::kRepliesIpv6:
    case TableId::kAffinity:
    case TableId::kHashKeys:
    case TableId::kFrontendCounters:
    case TableId::kEndpointCounters:
      break;  // not part of an image
  }
}

}  // namespace pointsman
