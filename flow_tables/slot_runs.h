// The slot runs of an image: one for each set of endpoints, shared by all frontend halves that have
// this set. A run stays where it is while somebody uses it; new ones go where no run is. Where the
// right length finds no room, another length of the same set does, or the new run is shorter.
#ifndef POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_
#define POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "flow_tables/endpoint_rows.h"
#include "flow_tables/image_draft.h"
#include "flow_tables/slot_space.h"

namespace pointsman {

class SlotRuns {
 public:
  struct Run {
    SlotRun place;
    std::vector<uint32_t> endpoints;  // rows, ascending
    uint32_t users = 0;
    bool is_released = false;  // since the last Settle
  };

  // Takes over the runs that frontends of the draft refer to, all of them without users; they go
  // with the next Settle unless they get some. Borrows both. REQUIRES: CheckImage (image_check.h).
  SlotRuns(EndpointRows& endpoints, ImageDraft& draft);

  // The run of 2^log2 slots for these endpoints, which has one user more; a new one is filled. It
  // is of another length where there is no room. ResourceExhausted, naming the user: more endpoints
  // than slots, or no room. The pointer is valid until the run's last user has gone and Settle
  // follows. REQUIRES: endpoints is not empty, the rows are valid.
  absl::StatusOr<Run*> Acquire(std::vector<uint32_t> endpoints, int log2, const Frontend& user);
  void Release(Run* run);

  // The run at this place, which has one user more; nullptr: it is not as this class fills it.
  Run* Adopt(const SlotRun& place);

  // Runs without users are gone: their slots are free, their endpoints released.
  void Settle();

  size_t size() const { return runs_.size(); }

 private:
  using Key = std::pair<std::vector<uint32_t>, int>;  // endpoints, log2

  std::vector<uint32_t> Filling(std::vector<uint32_t> endpoints, int log2) const;
  Run* Add(Key key, const SlotRun& place);

  EndpointRows& endpoints_;
  ImageDraft& draft_;
  SlotSpace space_;
  absl::node_hash_map<Key, Run> runs_;
  std::vector<Run*> released_;  // since the last Settle; somebody may use them again
  // Of the image taken over: what is not as it should be keeps its slots until the next Settle.
  std::vector<SlotRun> strange_;
  std::vector<std::pair<SlotRun, Run*>> adopted_;  // in order of place
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SLOT_RUNS_H_
