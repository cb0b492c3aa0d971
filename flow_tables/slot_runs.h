// The slot runs of an image: one for each set of endpoints, shared by all frontend halves that have
// this set. A run of the previous image with the same set and length stays where it is; others go
// where the previous image has none. Where a run of another length finds no room, the old one
// stays.
#ifndef POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_
#define POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "flow_tables/image.h"
#include "flow_tables/slot_space.h"

namespace pointsman {

class SlotRuns {
 public:
  // `density`: slots an endpoint, see ChooseDensity.
  SlotRuns(const Image& previous, uint32_t density);

  // The run of these endpoints, given by id in the order of FrontendHalf. A new one is filled in
  // image.slots; image.endpoints has these rows already. ResourceExhausted, naming the frontend:
  // more endpoints than a run may have slots, or no room for the run. REQUIRES: endpoints is not
  // empty.
  absl::StatusOr<SlotRun> RunOf(std::span<const uint32_t> endpoints, const Frontend& frontend,
                                Image& image);

 private:
  using EndpointSet = std::vector<uint32_t>;  // ids in ascending order

  const uint32_t density_;
  absl::flat_hash_map<EndpointSet, SlotRun> runs_;
  SlotSpace space_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_
