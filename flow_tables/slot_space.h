// Which parts of table slots are free, for runs of a power of two of slots, each at a multiple of
// its length (a buddy allocator: blocks that are given back grow together again).
#ifndef POINTSMAN_FLOW_TABLES_SLOT_SPACE_H_
#define POINTSMAN_FLOW_TABLES_SLOT_SPACE_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace pointsman {

// 2^log2 slots from `base`, a multiple of 2^log2.
struct SlotRun {
  uint32_t base = 0;
  int log2 = 0;
  uint32_t end() const { return base + (uint32_t{1} << log2); }
  friend auto operator<=>(const SlotRun&, const SlotRun&) = default;
};

class SlotSpace {
 public:
  // REQUIRES: runs in use lie within `slots` and do not overlap; the same one may come repeatedly.
  SlotSpace(uint32_t slots, std::vector<SlotRun> used);

  // The lowest of the smallest free blocks that hold such a run; nothing if there is none.
  std::optional<SlotRun> Take(int log2);

  // REQUIRES: in use.
  void Return(const SlotRun& run);

 private:
  static constexpr int kLog2Max = 31;

  // Frees [begin, end) as the largest aligned blocks it consists of.
  void Free(uint32_t begin, uint32_t end);

  std::array<std::set<uint32_t>, kLog2Max + 1> free_;  // bases of free blocks by log2 of length
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SLOT_SPACE_H_
