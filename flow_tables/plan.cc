#include "flow_tables/plan.h"

#include <algorithm>

#include "flow_tables/frontend_index.h"

namespace pointsman {
namespace {

template <class Row>
using Changes = std::vector<RowChange<Row>>;

template <class Row>
void Write(uint32_t index, const Row& row, Plan& plan) {
  plan.writes.push_back({.table = Row::kTable, .index = index, .row = PackRow(row)});
}

// The rows that hold something afterwards.
template <class Row>
void WriteValid(const Changes<Row>& changes, Plan& plan) {
  for (const RowChange<Row>& change : changes) {
    if (change.to.valid) Write(change.index, change.to, plan);
  }
}

// The rows that hold nothing afterwards.
template <class Row>
void Clear(const Changes<Row>& changes, Plan& plan) {
  for (const RowChange<Row>& change : changes) {
    if (!change.to.valid) Write(change.index, change.to, plan);
  }
}

void WriteSlots(const Changes<SlotRow>& changes, Plan& plan) {
  for (const RowChange<SlotRow>& change : changes) Write(change.index, change.to, plan);
}

// New prefixes from the longest, so that none is covered for a moment by a shorter one that is also
// new; then those that change; then those that go, from the shortest.
void WriteSources(const Changes<SourceRow>& changes, Plan& plan) {
  std::vector<const RowChange<SourceRow>*> added, changed, removed;
  for (const RowChange<SourceRow>& change : changes) {
    auto& list = !change.to.valid ? removed : change.from.valid ? changed : added;
    list.push_back(&change);
  }
  std::ranges::stable_sort(added, std::ranges::greater(),
                           [](const auto* change) { return change->to.prefix_length; });
  std::ranges::stable_sort(removed, std::ranges::less(),
                           [](const auto* change) { return change->from.prefix_length; });
  for (const auto* list : {&added, &changed, &removed}) {
    for (const RowChange<SourceRow>* change : *list) Write(change->index, change->to, plan);
  }
}

using RowIndex = absl::flat_hash_map<FrontendKey, uint32_t>;  // which change is a frontend's

RowIndex IndexBy(FrontendRow RowChange<FrontendRow>::*side, const Changes<FrontendRow>& changes) {
  RowIndex index;
  for (uint32_t i = 0; i < changes.size(); ++i) {
    const FrontendRow& row = changes[i].*side;
    if (row.valid) index.emplace(KeyOf(row), i);
  }
  return index;
}

// The changes but one of them: frontends that change rows have their old content still.
Changes<FrontendRow> MovesOnly(const Changes<FrontendRow>& changes) {
  const RowIndex old = IndexBy(&RowChange<FrontendRow>::from, changes);
  Changes<FrontendRow> moves = changes;
  for (uint32_t i = 0; i < moves.size(); ++i) {
    if (!moves[i].to.valid) continue;
    const auto known = old.find(KeyOf(moves[i].to));
    if (known != old.end() && known->second != i) moves[i].to = changes[known->second].from;
  }
  return moves;
}

// A row is overwritten when the frontend it holds stands in its new row, or goes away.
void MoveFrontends(const Changes<FrontendRow>& moves, Plan& plan) {
  const RowIndex places = IndexBy(&RowChange<FrontendRow>::to, moves);
  std::vector<bool> planned(moves.size());
  for (uint32_t start = 0; start < moves.size(); ++start) {
    if (!moves[start].to.valid) continue;
    std::vector<uint32_t> chain;  // each waits for the next one
    for (uint32_t at = start; !planned[at];) {
      planned[at] = true;
      chain.push_back(at);
      if (!moves[at].from.valid) break;
      if (const auto place = places.find(KeyOf(moves[at].from)); place != places.end()) {
        at = place->second;
      }
    }
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
      Write(moves[*at].index, moves[*at].to, plan);
    }
  }
  Clear(moves, plan);
}

// A frontend that changes rows stands in both for a moment, so it changes nothing else until it
// stands in one.
void WriteFrontends(const Changes<FrontendRow>& changes, Plan& plan) {
  const Changes<FrontendRow> moves = MovesOnly(changes);
  MoveFrontends(moves, plan);
  for (uint32_t i = 0; i < changes.size(); ++i) {
    if (moves[i].to != changes[i].to) Write(changes[i].index, changes[i].to, plan);
  }
}

template <class Row>
Changes<Row> ChangesBetween(const std::vector<Row>& from, const std::vector<Row>& to) {
  Changes<Row> changes;
  for (uint32_t row = 0; row < to.size(); ++row) {
    if (from[row] != to[row]) changes.push_back({row, from[row], to[row]});
  }
  return changes;
}

}  // namespace

Plan MakePlan(const ImageChange& change) {
  Plan plan;
  plan.writes.reserve(change.next_hops.size() + change.endpoints.size() + change.slots.size() +
                      change.sources.size() + 2 * change.frontends.size());
  plan.configuration = change.configuration;
  WriteValid(change.next_hops, plan);
  WriteValid(change.endpoints, plan);
  WriteSlots(change.slots, plan);
  WriteSources(change.sources, plan);
  WriteFrontends(change.frontends, plan);
  Clear(change.endpoints, plan);
  Clear(change.next_hops, plan);
  return plan;
}

Plan MakePlan(const Image& from, const Image& to) {
  ImageChange change{.configuration = {},
                     .frontends = ChangesBetween(from.frontends, to.frontends),
                     .sources = ChangesBetween(from.sources, to.sources),
                     .slots = ChangesBetween(from.slots, to.slots),
                     .endpoints = ChangesBetween(from.endpoints, to.endpoints),
                     .next_hops = ChangesBetween(from.next_hops, to.next_hops)};
  if (from.configuration != to.configuration) change.configuration = to.configuration;
  return MakePlan(change);
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
