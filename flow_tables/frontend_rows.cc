#include "flow_tables/frontend_rows.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "flow_tables/affinity_rows.h"
#include "flow_tables/describe.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/maglev.h"
#include "flow_tables/placement.h"
#include "flow_tables/range_sets.h"
#include "flow_tables/slot_runs.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

HashPair HashesOf(const FrontendRow& row) {
  const auto [address, port, protocol] = KeyOf(row);
  return FrontendHashes(address, port, protocol);
}

// A half of a frontend as its row holds it.
struct HalfRow {
  FrontendAction action;
  SlotRun run;  // empty, at 0, unless the action is forward
};

absl::StatusOr<HalfRow> HalfRowOf(const FrontendHalf& half, const Frontend& frontend,
                                  bool card_knows_clients, SlotRuns& runs, EndpointRows& endpoints,
                                  Image& image) {
  if (half.action != FrontendAction::kForward) {
    // Whom the source ranges keep out is dropped, not rejected: the host knows which.
    const bool host = half.action == FrontendAction::kReject && !card_knows_clients;
    return HalfRow{host ? FrontendAction::kHost : half.action, {}};
  }
  if (half.endpoints.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: action forward without endpoints; reject or drop instead", Describe(frontend)));
  }
  const auto ids = endpoints.Ids(half, frontend);
  if (!ids.ok()) return ids.status();
  if (!card_knows_clients || !WhyHostDecides(frontend).empty()) {
    return HalfRow{FrontendAction::kHost, {}};
  }
  const auto run = runs.RunOf(*ids, frontend, image);
  if (!run.ok()) return run.status();
  return HalfRow{FrontendAction::kForward, *run};
}

// All but the counter.
absl::StatusOr<FrontendRow> RowOf(const Frontend& frontend, SlotRuns& runs, EndpointRows& endpoints,
                                  Image& image) {
  const uint8_t range_set = RangeSetOf(frontend, image);
  const bool card_knows_clients = frontend.source_ranges.empty() || range_set != 0;
  const auto outside =
      HalfRowOf(frontend.outside, frontend, card_knows_clients, runs, endpoints, image);
  if (!outside.ok()) return outside.status();
  const auto inside =
      HalfRowOf(frontend.inside, frontend, card_knows_clients, runs, endpoints, image);
  if (!inside.ok()) return inside.status();
  return FrontendRow{.valid = true,
                     .destination_address = frontend.address.bits(),
                     .destination_port = frontend.port,
                     .protocol = static_cast<uint8_t>(frontend.protocol),
                     .outside_action = outside->action,
                     .outside_masquerade = frontend.outside.masquerade,
                     .outside_slots_log2 = static_cast<uint8_t>(outside->run.log2),
                     .outside_slots_base = outside->run.base,
                     .inside_action = inside->action,
                     .inside_masquerade = frontend.inside.masquerade,
                     .inside_slots_log2 = static_cast<uint8_t>(inside->run.log2),
                     .inside_slots_base = inside->run.base,
                     .range_set = range_set,
                     .affinity_group = AffinityGroupOf(frontend)};
}

// A row made, to be placed; `frontend` is borrowed.
struct Unplaced {
  FrontendRow row;
  const Frontend* frontend = nullptr;
};

// How many endpoints each run is for: those of each set that a half forwards to by itself.
std::vector<size_t> SetSizes(const std::vector<Frontend>& frontends) {
  absl::flat_hash_set<std::vector<std::pair<Address, uint16_t>>> sets;
  for (const Frontend& frontend : frontends) {
    if (!IsForCard(frontend) || !WhyHostDecides(frontend).empty()) continue;
    for (const FrontendHalf* half : {&frontend.outside, &frontend.inside}) {
      if (half->action != FrontendAction::kForward || half->endpoints.empty()) continue;
      std::vector<std::pair<Address, uint16_t>> set;
      for (const Backend& endpoint : half->endpoints) {
        set.emplace_back(endpoint.address, endpoint.port);
      }
      sets.insert(std::move(set));
    }
  }
  std::vector<size_t> sizes;
  for (const auto& set : sets) sizes.push_back(set.size());
  return sizes;
}

absl::StatusOr<std::vector<Unplaced>> MakeRows(const std::vector<Frontend>& frontends,
                                               const Image& previous, EndpointRows& endpoints,
                                               Image& image) {
  SlotRuns runs(previous, ChooseDensity(SetSizes(frontends), image.sizes.slots));
  absl::flat_hash_set<FrontendKey> keys;
  std::vector<Unplaced> rows;
  rows.reserve(frontends.size());
  for (const Frontend& frontend : frontends) {
    if (!IsForCard(frontend)) continue;
    const auto row = RowOf(frontend, runs, endpoints, image);
    if (!row.ok()) return row.status();
    if (!keys.insert(KeyOf(*row)).second) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: another frontend has this address, port and protocol", Describe(frontend)));
    }
    rows.push_back({.row = *row, .frontend = &frontend});
  }
  return rows;
}

// Counters for frontends that are new: first those nobody had, then those given up.
class FreeCounters {
 public:
  FreeCounters(const Image& previous, const Image& image) {
    const std::vector<bool> had = InUse(previous);
    const std::vector<bool> taken = InUse(image);
    for (const bool given_up : {true, false}) {
      for (uint32_t counter = image.sizes.frontend_counters; counter-- > 0;) {
        if (!taken[counter] && had[counter] == given_up) free_.push_back(counter);
      }
    }
  }
  std::optional<uint16_t> Take() {
    if (free_.empty()) return std::nullopt;
    const auto counter = static_cast<uint16_t>(free_.back());
    free_.pop_back();
    return counter;
  }

 private:
  static std::vector<bool> InUse(const Image& image) {
    std::vector<bool> in_use(image.sizes.frontend_counters);
    for (const FrontendRow& row : image.frontends) {
      if (row.valid) in_use[row.counter] = true;
    }
    return in_use;
  }

  std::vector<uint32_t> free_;  // the next one at the end
};

void Put(const Unplaced& frontend, uint32_t row, uint16_t counter, Image& image) {
  image.frontends[row] = frontend.row;
  image.frontends[row].counter = counter;
  image.counter_names[counter] = frontend.frontend->name;
}

// Makes room by moving others and returns the row that is free then.
std::optional<uint32_t> MakeRoom(const FrontendRow& wanted, std::vector<FrontendRow>& rows) {
  const auto occupant = [&rows](uint32_t row) {
    return rows[row].valid ? std::optional(HashesOf(rows[row])) : std::nullopt;
  };
  const auto geometry = FrontendGeometry(static_cast<uint32_t>(rows.size()));
  const auto room = FindRoom(geometry, HashesOf(wanted), occupant);
  if (!room) return std::nullopt;
  for (const Displacement& move : room->displacements) {
    rows[move.to] = std::exchange(rows[move.from], {});
  }
  return room->row;
}

absl::Status PlaceNew(const std::vector<Unplaced>& frontends, const Image& previous, Image& image) {
  FreeCounters counters(previous, image);
  for (const Unplaced& frontend : frontends) {
    const auto row = MakeRoom(frontend.row, image.frontends);
    const auto counter = counters.Take();
    if (!row || !counter) {
      return absl::ResourceExhaustedError(
          fmt::format("table {}: no room for {}, {} rows in all; serve it in software",
                      row ? "frontend-counters" : "frontends", Describe(*frontend.frontend),
                      row ? image.sizes.frontend_counters : image.sizes.frontends));
    }
    Put(frontend, *row, *counter, image);
  }
  return absl::OkStatus();
}

// Frontends that only changed places among each other go back to where they were.
void UndoCircles(const FrontendIndex& old_rows, std::vector<FrontendRow>& rows) {
  absl::flat_hash_map<uint32_t, uint32_t> moved;  // old row -> new row
  std::vector<uint32_t> starts;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].valid) continue;
    const auto old = old_rows.find(KeyOf(rows[row]));
    if (old == old_rows.end() || old->second == row) continue;
    moved.emplace(old->second, row);
    starts.push_back(old->second);
  }
  for (const uint32_t start : starts) {
    std::vector<uint32_t> path = {start};
    for (auto step = moved.find(start); step != moved.end(); step = moved.find(path.back())) {
      path.push_back(step->second);
      moved.erase(step);
    }
    if (path.size() == 1 || path.back() != start) continue;
    for (size_t i = 0; i + 2 < path.size(); ++i) std::swap(rows[path[i]], rows[path[i + 1]]);
  }
}

}  // namespace

absl::Status FillFrontends(const std::vector<Frontend>& frontends, const Image& previous,
                           EndpointRows& endpoints, Image& image) {
  const auto rows = MakeRows(frontends, previous, endpoints, image);
  if (!rows.ok()) return rows.status();
  const FrontendIndex old_rows = IndexFrontends(previous.frontends);
  std::vector<Unplaced> added;
  for (const Unplaced& frontend : *rows) {
    const auto old = old_rows.find(KeyOf(frontend.row));
    if (old == old_rows.end()) {
      added.push_back(frontend);
    } else {
      Put(frontend, old->second, previous.frontends[old->second].counter, image);
    }
  }
  if (absl::Status status = PlaceNew(added, previous, image); !status.ok()) return status;
  UndoCircles(old_rows, image.frontends);
  return absl::OkStatus();
}

}  // namespace pointsman
