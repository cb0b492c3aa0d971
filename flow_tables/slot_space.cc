#include "flow_tables/slot_space.h"

#include <algorithm>
#include <bit>

namespace pointsman {

SlotSpace::SlotSpace(uint32_t slots, std::vector<SlotRun> used) {
  std::sort(used.begin(), used.end());
  uint32_t begin = 0;
  for (const SlotRun& run : used) {
    Free(begin, run.base);
    begin = run.end();
  }
  Free(begin, slots);
}

std::optional<SlotRun> SlotSpace::Take(int log2) {
  for (int block_log2 = log2; block_log2 <= kLog2Max; ++block_log2) {
    std::set<uint32_t>& blocks = free_[block_log2];
    if (blocks.empty()) continue;
    const SlotRun block{.base = *blocks.begin(), .log2 = block_log2};
    const SlotRun run{.base = block.base, .log2 = log2};
    blocks.erase(blocks.begin());
    Free(run.end(), block.end());
    return run;
  }
  return std::nullopt;
}

// Two halves of a block are one. Blocks never reach across the end: what lies behind is not free.
void SlotSpace::Return(const SlotRun& run) {
  SlotRun block = run;
  while (block.log2 < kLog2Max &&
         free_[block.log2].erase(block.base ^ (uint32_t{1} << block.log2)) != 0) {
    block.base &= ~(uint32_t{1} << block.log2);
    ++block.log2;
  }
  free_[block.log2].insert(block.base);
}

void SlotSpace::Free(uint32_t begin, uint32_t end) {
  while (begin < end) {
    const int fits = std::bit_width(end - begin) - 1;
    const int log2 = begin == 0 ? fits : std::min(fits, std::countr_zero(begin));
    free_[log2].insert(begin);
    begin += uint32_t{1} << log2;
  }
}

}  // namespace pointsman
