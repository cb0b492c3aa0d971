#include "flow_tables/image_check.h"

#include <algorithm>
#include <vector>

#include "flow_tables/frontend_index.h"
#include "flow_tables/maglev.h"
#include "flow_tables/placement.h"
#include "flow_tables/slot_space.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

absl::Status Wrong(const char* table, uint32_t row, std::string_view what) {
  return absl::FailedPreconditionError(fmt::format("table {}, row {}: {}", table, row, what));
}

bool IsNextHop(const Image& image, uint16_t row) {
  return row < image.next_hops.size() && image.next_hops[row].valid;
}

absl::Status CheckEndpoints(const Image& image) {
  for (uint32_t row = 0; row < image.endpoints.size(); ++row) {
    const EndpointRow& endpoint = image.endpoints[row];
    if (endpoint.valid && !IsNextHop(image, endpoint.next_hop)) {
      return Wrong("endpoints", row, "its next hop is not valid");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSources(const Image& image) {
  for (uint32_t row = 0; row < image.sources.size(); ++row) {
    const SourceRow& source = image.sources[row];
    if (!source.valid) continue;
    if (source.prefix_length > 128) return Wrong("sources", row, "its prefix is too long");
    if (!IsNextHop(image, source.next_hop)) {
      return Wrong("sources", row, "its next hop is not valid");
    }
  }
  return absl::OkStatus();
}

bool IsRun(const SlotRun& run, const Image& image) {
  return run.log2 <= kRunSlotsLog2Max && run.base % (uint32_t{1} << run.log2) == 0 &&
         run.end() <= image.slots.size();
}

bool NamesEndpoints(const SlotRun& run, const Image& image) {
  return std::all_of(
      image.slots.begin() + run.base, image.slots.begin() + run.end(), [&](const SlotRow& slot) {
        return slot.endpoint < image.endpoints.size() && image.endpoints[slot.endpoint].valid;
      });
}

bool IsInItsBucket(uint32_t row, const Image& image) {
  const auto [address, port, protocol] = KeyOf(image.frontends[row]);
  const BucketGeometry geometry = FrontendGeometry(image.sizes.frontends);
  const uint32_t first =
      geometry.FirstRow(geometry.BankOf(row), FrontendHashes(address, port, protocol));
  return row >= first && row < first + geometry.ways;
}

absl::Status CheckFrontend(uint32_t row, const Image& image, std::vector<SlotRun>& runs) {
  const FrontendRow& frontend = image.frontends[row];
  if (frontend.counter >= image.counter_names.size()) {
    return Wrong("frontends", row, "there is no such counter");
  }
  if (frontend.range_set > kRangeSets) {
    return Wrong("frontends", row, "there is no such range set");
  }
  if (!IsInItsBucket(row, image)) return Wrong("frontends", row, "it is not where it is looked up");
  for (const auto& [action, run] :
       {std::pair(frontend.outside_action,
                  SlotRun{frontend.outside_slots_base, frontend.outside_slots_log2}),
        std::pair(frontend.inside_action,
                  SlotRun{frontend.inside_slots_base, frontend.inside_slots_log2})}) {
    if (action != FrontendAction::kForward) continue;
    if (!IsRun(run, image)) return Wrong("frontends", row, "its run is not one of the slots");
    if (!NamesEndpoints(run, image)) {
      return Wrong("frontends", row, "its slots name endpoints that are not valid");
    }
    runs.push_back(run);
  }
  return absl::OkStatus();
}

absl::Status CheckRuns(std::vector<SlotRun> runs) {
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  for (size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].base < runs[i - 1].end()) return Wrong("slots", runs[i].base, "two runs overlap");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckImage(const Image& image) {
  if (absl::Status status = CheckEndpoints(image); !status.ok()) return status;
  if (absl::Status status = CheckSources(image); !status.ok()) return status;
  std::vector<SlotRun> runs;
  FrontendIndex rows;
  for (uint32_t row = 0; row < image.frontends.size(); ++row) {
    if (!image.frontends[row].valid) continue;
    if (absl::Status status = CheckFrontend(row, image, runs); !status.ok()) return status;
    const auto [other, is_new] = rows.try_emplace(KeyOf(image.frontends[row]), row);
    if (!is_new && image.frontends[other->second] != image.frontends[row]) {
      return Wrong("frontends", row, fmt::format("row {} holds its frontend, too", other->second));
    }
  }
  return CheckRuns(std::move(runs));
}

}  // namespace pointsman
