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

void Fill(const SlotRun& run, std::span<const uint32_t> endpoints, Image& image) {
  std::vector<MaglevIdentity> identities;
  for (const uint32_t endpoint : endpoints) {
    const EndpointRow& row = image.endpoints[endpoint];
    identities.push_back({.address = Address::FromBits(row.address), .port = row.port});
  }
  const std::vector<uint32_t> slots = MaglevSlots(identities, run.log2);
  for (size_t i = 0; i < slots.size(); ++i) {
    image.slots[run.base + i].endpoint = endpoints[slots[i]];
  }
}

}  // namespace

SlotRuns::SlotRuns(const Image& previous, uint32_t density)
    : density_(density), space_(previous.sizes.slots, RunsInUse(previous)) {
  for (const SlotRun& run : RunsInUse(previous)) runs_.emplace(EndpointsIn(run, previous), run);
}

absl::StatusOr<SlotRun> SlotRuns::RunOf(std::span<const uint32_t> endpoints,
                                        const Frontend& frontend, Image& image) {
  EndpointSet set(endpoints.begin(), endpoints.end());
  std::sort(set.begin(), set.end());
  int log2 = RunSlotsLog2(endpoints.size(), density_);
  const auto known = runs_.find(set);
  if (known != runs_.end() && known->second.log2 == log2) return known->second;
  const size_t length = size_t{1} << log2;
  if (endpoints.size() > length) {
    return absl::ResourceExhaustedError(
        fmt::format("table slots: {} has {} endpoints and a run at most {} slots; serve "
                    "it in software",
                    Describe(frontend), endpoints.size(), length));
  }
  auto run = space_.Take(log2);
  if (!run && known != runs_.end()) return known->second;
  while (!run && log2 > 0 && size_t{1} << (log2 - 1) >= endpoints.size()) {
    run = space_.Take(--log2);
  }
  if (!run) {
    return absl::ResourceExhaustedError(
        fmt::format("table slots: no free run of {} slots for the {} endpoints of {}, of "
                    "{} in all; have fewer Services on the card",
                    length, endpoints.size(), Describe(frontend), image.sizes.slots));
  }
  Fill(*run, endpoints, image);
  runs_.insert_or_assign(std::move(set), *run);
  return *run;
}

}  // namespace pointsman
