#include "flow_tables/slot_runs.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "flow_tables/describe.h"
#include "flow_tables/maglev.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

// All runs that frontends of the image refer to, each once.
std::vector<SlotRun> RunsInUse(const Image& image) {
  std::vector<SlotRun> runs;
  for (const FrontendRow& row : image.frontends) {
    if (!row.valid) continue;
    if (row.outside_action == FrontendAction::kForward) {
      runs.push_back({.base = row.outside_slots_base, .log2 = row.outside_slots_log2});
    }
    if (row.inside_action == FrontendAction::kForward) {
      runs.push_back({.base = row.inside_slots_base, .log2 = row.inside_slots_log2});
    }
  }
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

// The distinct endpoints that the run's slots name, in ascending order.
std::vector<uint32_t> EndpointsIn(const SlotRun& run, const Image& image) {
  std::vector<uint32_t> endpoints;
  for (uint32_t slot = run.base; slot < run.end(); ++slot) {
    endpoints.push_back(image.slots[slot].endpoint);
  }
  std::sort(endpoints.begin(), endpoints.end());
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
  return endpoints;
}

}  // namespace

SlotRuns::SlotRuns(EndpointRows& endpoints, ImageDraft& draft)
    : endpoints_(endpoints),
      draft_(draft),
      space_(draft.image().sizes.slots, RunsInUse(draft.image())) {
  for (const SlotRun& place : RunsInUse(draft.image())) {
    std::vector<uint32_t> named = EndpointsIn(place, draft.image());
    const std::vector<uint32_t> right = Filling(named, place.log2);
    const bool is_right =
        std::ranges::equal(right, std::span(draft.image().slots).subspan(place.base, right.size()),
                           {}, {}, &SlotRow::endpoint);
    if (!is_right || runs_.contains(Key{named, place.log2})) {
      strange_.push_back(place);
      continue;
    }
    Run* run = Add({std::move(named), place.log2}, place);
    adopted_.emplace_back(place, run);
    ++run->users;
    Release(run);
  }
}

SlotRuns::Run* SlotRuns::Adopt(const SlotRun& place) {
  const auto found =
      std::ranges::lower_bound(adopted_, place, {}, &std::pair<SlotRun, Run*>::first);
  if (found == adopted_.end() || found->first != place) return nullptr;
  ++found->second->users;
  return found->second;
}

// The endpoint of each slot. The order in which they take turns is that of their addresses.
std::vector<uint32_t> SlotRuns::Filling(std::vector<uint32_t> endpoints, int log2) const {
  const std::vector<EndpointRow>& rows = draft_.image().endpoints;
  std::ranges::sort(endpoints, {}, [&rows](uint32_t row) {
    return std::tuple(Address::FromBits(rows[row].address), rows[row].port, row);
  });
  std::vector<MaglevIdentity> identities;
  identities.reserve(endpoints.size());
  for (const uint32_t row : endpoints) {
    identities.push_back({.address = Address::FromBits(rows[row].address), .port = rows[row].port});
  }
  std::vector<uint32_t> slots = MaglevSlots(identities, log2);
  for (uint32_t& slot : slots) slot = endpoints[slot];
  return slots;
}

SlotRuns::Run* SlotRuns::Add(Key key, const SlotRun& place) {
  Run& run = runs_[key];
  run = {.place = place, .endpoints = std::move(key.first), .users = 0};
  for (const uint32_t endpoint : run.endpoints) endpoints_.Use(endpoint);
  return &run;
}

absl::StatusOr<SlotRuns::Run*> SlotRuns::Acquire(std::vector<uint32_t> endpoints, int log2,
                                                 const Frontend& user) {
  std::sort(endpoints.begin(), endpoints.end());
  const size_t length = size_t{1} << log2;
  if (endpoints.size() > length) {
    return absl::ResourceExhaustedError(
        fmt::format("table slots: {} has {} endpoints and a run at most {} slots", Describe(user),
                    endpoints.size(), length));
  }
  Key key{std::move(endpoints), log2};
  const auto known = [&]() -> Run* {
    const auto found = runs_.find(key);
    if (found == runs_.end()) return nullptr;
    ++found->second.users;
    return &found->second;
  };
  if (Run* run = known()) return run;
  auto place = space_.Take(log2);
  for (key.second = kRunSlotsLog2Max; !place && key.second >= 0; --key.second) {
    if (Run* run = known()) return run;
  }
  while (!place && log2 > 0 && size_t{1} << (log2 - 1) >= key.first.size()) {
    place = space_.Take(--log2);
  }
  if (!place) {
    return absl::ResourceExhaustedError(
        fmt::format("table slots: no free run of {} slots for the {} endpoints of {}, of {} in all",
                    length, key.first.size(), Describe(user), draft_.image().sizes.slots));
  }
  key.second = place->log2;
  const std::vector<uint32_t> slots = Filling(key.first, place->log2);
  for (uint32_t i = 0; i < slots.size(); ++i) {
    draft_.Set(place->base + i, SlotRow{.endpoint = slots[i]});
  }
  Run* run = Add(std::move(key), *place);
  ++run->users;
  return run;
}

void SlotRuns::Release(Run* run) {
  if (--run->users != 0 || run->is_released) return;
  run->is_released = true;
  released_.push_back(run);
}

void SlotRuns::Settle() {
  for (Run* run : released_) {
    run->is_released = false;
    if (run->users != 0) continue;
    for (const uint32_t endpoint : run->endpoints) endpoints_.Release(endpoint);
    space_.Return(run->place);
    Key key{std::move(run->endpoints), run->place.log2};
    runs_.erase(key);
  }
  released_.clear();
  for (const SlotRun& place : strange_) space_.Return(place);
  strange_.clear();
  adopted_.clear();
}

}  // namespace pointsman
