#include "flow_tables/frontend_rows.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/describe.h"
#include "flow_tables/placement.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

HashPair HashesOf(const FrontendRow& row) {
  const auto [address, port, protocol] = KeyOf(row);
  return FrontendHashes(address, port, protocol);
}

// A row can name so many.
uint32_t Counters(const CardSizes& sizes) {
  constexpr uint32_t kNamed =
      uint32_t{1} + std::numeric_limits<decltype(FrontendRow::counter)>::max();
  return std::min(sizes.frontend_counters, kNamed);
}

}  // namespace

FrontendRows::FrontendRows(ImageDraft& draft)
    : draft_(draft), rows_(IndexFrontends(draft.image().frontends)) {
  std::vector<bool> taken(Counters(draft.image().sizes));
  for (const auto& [key, row] : rows_) taken[draft.image().frontends[row].counter] = true;
  for (uint32_t counter = 0; counter < taken.size(); ++counter) {
    if (!taken[counter]) counters_.Return(counter);
  }
}

absl::Status FrontendRows::Put(FrontendRow content, const Frontend& frontend) {
  return Put(std::move(content), frontend, 1);
}

absl::Status FrontendRows::Put(FrontendRow content, const Frontend& frontend, uint32_t share_kept) {
  const FrontendKey key = KeyOf(content);
  if (const auto known = rows_.find(key); known != rows_.end()) {
    content.counter = draft_.image().frontends[known->second].counter;
    draft_.Set(known->second, content);
    draft_.counter_name(content.counter) = frontend.name;
    return absl::OkStatus();
  }
  const CardSizes& sizes = draft_.image().sizes;
  const auto none = [&](const char* table, uint32_t size) {
    return absl::ResourceExhaustedError(
        fmt::format("table {}: no room for {}, {} rows in all", table, Describe(frontend), size));
  };
  if (counters_.size() <= share_kept * RowsToLend(Counters(sizes))) {
    return none("frontend-counters", Counters(sizes));
  }
  const bool is_full = rows_.size() + share_kept * RowsToLend(sizes.frontends) >= sizes.frontends;
  const auto row = is_full ? std::nullopt : MakeRoom(content);
  if (!row) return none("frontends", sizes.frontends);
  content.counter = static_cast<uint16_t>(*counters_.Take());
  draft_.Set(*row, content);
  draft_.counter_name(content.counter) = frontend.name;
  rows_.emplace(key, *row);
  return absl::OkStatus();
}

void FrontendRows::Remove(const FrontendKey& key) {
  const auto known = rows_.find(key);
  if (known == rows_.end()) return;
  const uint16_t counter = draft_.image().frontends[known->second].counter;
  draft_.counter_name(counter).clear();
  counters_given_up_.push_back(counter);
  draft_.Set(known->second, FrontendRow{});
  rows_.erase(known);
}

// Makes room by moving others and returns the row that is free then.
std::optional<uint32_t> FrontendRows::MakeRoom(const FrontendRow& wanted) {
  const std::vector<FrontendRow>& rows = draft_.image().frontends;
  const auto occupant = [&rows](uint32_t row) {
    return rows[row].valid ? std::optional(HashesOf(rows[row])) : std::nullopt;
  };
  const auto geometry = FrontendGeometry(static_cast<uint32_t>(rows.size()));
  const auto room = FindRoom(geometry, HashesOf(wanted), occupant);
  if (!room) return std::nullopt;
  for (const Displacement& move : room->displacements) {
    const FrontendRow moved = rows[move.from];
    draft_.Set(move.from, FrontendRow{});
    draft_.Set(move.to, moved);
    rows_[KeyOf(moved)] = move.to;
  }
  return room->row;
}

void FrontendRows::Settle() {
  UndoCircles();
  for (const uint32_t counter : counters_given_up_) counters_.Return(counter);
  counters_given_up_.clear();
}

// Frontends that only changed places among each other go back to where they were.
void FrontendRows::UndoCircles() {
  const std::vector<FrontendRow>& rows = draft_.image().frontends;
  absl::flat_hash_map<uint32_t, uint32_t> moved;  // old row -> new row
  std::vector<uint32_t> starts;
  for (const auto& [row, before] : draft_.frontends_before()) {
    if (!before.valid) continue;
    const auto now = rows_.find(KeyOf(before));
    if (now == rows_.end() || now->second == row) continue;
    moved.emplace(row, now->second);
    starts.push_back(row);
  }
  for (const uint32_t start : starts) {
    std::vector<uint32_t> path = {start};
    for (auto step = moved.find(start); step != moved.end(); step = moved.find(path.back())) {
      path.push_back(step->second);
      moved.erase(step);
    }
    if (path.size() == 1 || path.back() != start) continue;
    path.pop_back();
    // What stands in each row of the path came from the one before it.
    std::vector<FrontendRow> back;
    for (size_t i = 0; i < path.size(); ++i) back.push_back(rows[path[(i + 1) % path.size()]]);
    for (size_t i = 0; i < path.size(); ++i) {
      draft_.Set(path[i], back[i]);
      rows_[KeyOf(back[i])] = path[i];
    }
  }
}

}  // namespace pointsman
