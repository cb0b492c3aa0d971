#include "flow_tables/placement.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_set.h"

namespace pointsman {
namespace {

constexpr size_t kBucketsSearched = 1024;

// One bucket reached by the search.
struct Step {
  uint32_t first_row = 0;
  uint32_t from_row = 0;  // the key that would come here; for the root buckets: none
  int parent = -1;        // the step whose bucket holds from_row
};

class Search {
 public:
  Search(const BucketGeometry& geometry, Occupant occupant)
      : geometry_(geometry), occupant_(occupant) {}

  void Start(uint32_t first_row) { Reach({.first_row = first_row}); }

  std::optional<Room> Run() {
    for (size_t at = 0; at < steps_.size() && at < kBucketsSearched; ++at) {
      if (const auto row = FreeRow(steps_[at].first_row)) return WayBack(at, *row);
      Expand(static_cast<int>(at));
    }
    return std::nullopt;
  }

 private:
  std::optional<uint32_t> FreeRow(uint32_t first_row) const {
    for (uint32_t row = first_row; row < first_row + geometry_.ways; ++row) {
      if (!occupant_(row)) return row;
    }
    return std::nullopt;
  }

  // The other bucket of each key in the bucket of this step.
  void Expand(int at) {
    const uint32_t first_row = steps_[at].first_row;
    const uint32_t other_bank = 1 - geometry_.BankOf(first_row);
    for (uint32_t row = first_row; row < first_row + geometry_.ways; ++row) {
      Reach({.first_row = geometry_.FirstRow(other_bank, *occupant_(row)),
             .from_row = row,
             .parent = at});
    }
  }

  void Reach(const Step& step) {
    if (reached_.insert(step.first_row).second) steps_.push_back(step);
  }

  Room WayBack(size_t at, uint32_t free_row) const {
    Room room{.row = free_row, .displacements = {}};
    for (const Step* step = &steps_[at]; step->parent >= 0; step = &steps_[step->parent]) {
      room.displacements.push_back({.from = step->from_row, .to = room.row});
      room.row = step->from_row;
    }
    return room;
  }

  BucketGeometry geometry_;
  Occupant occupant_;
  std::vector<Step> steps_;  // in the order reached: a queue of which nothing is taken
  absl::flat_hash_set<uint32_t> reached_;
};

uint32_t Occupied(const BucketGeometry& geometry, uint32_t first_row, Occupant occupant) {
  uint32_t occupied = 0;
  for (uint32_t way = 0; way < geometry.ways; ++way) occupied += occupant(first_row + way) ? 1 : 0;
  return occupied;
}

}  // namespace

std::optional<Room> FindRoom(const BucketGeometry& geometry, const HashPair& hashes,
                             Occupant occupant) {
  uint32_t fuller = geometry.FirstRow(0, hashes);
  uint32_t emptier = geometry.FirstRow(1, hashes);
  if (Occupied(geometry, fuller, occupant) <= Occupied(geometry, emptier, occupant)) {
    std::swap(fuller, emptier);
  }
  Search search(geometry, occupant);
  search.Start(emptier);
  search.Start(fuller);
  return search.Run();
}

}  // namespace pointsman
