#include "flow_tables/slot_space.h"

#include "gmock/gmock.h"

namespace pointsman {
namespace {

TEST(SlotSpace, TakesTheLowestOfTheSmallestFreeBlocks) {
  SlotSpace space(1024, {{.base = 256, .log2 = 8}, {.base = 0, .log2 = 0}, {.base = 0, .log2 = 0}});
  EXPECT_EQ(space.Take(0), (SlotRun{.base = 1, .log2 = 0}));
  EXPECT_EQ(space.Take(0), (SlotRun{.base = 2, .log2 = 0}));
  EXPECT_EQ(space.Take(7), (SlotRun{.base = 128, .log2 = 7}));
  EXPECT_EQ(space.Take(9), (SlotRun{.base = 512, .log2 = 9}));
  EXPECT_EQ(space.Take(8), std::nullopt);
  EXPECT_EQ(space.Take(6), (SlotRun{.base = 64, .log2 = 6}));
}

TEST(SlotSpace, IsAllFreeWhenNothingIsUsed) {
  SlotSpace space(65536, {});
  EXPECT_EQ(space.Take(16), (SlotRun{.base = 0, .log2 = 16}));
  EXPECT_EQ(space.Take(0), std::nullopt);
}

TEST(SlotSpace, WhatIsGivenBackGrowsTogether) {
  SlotSpace space(1024, {});
  std::vector<SlotRun> runs;
  for (int i = 0; i < 16; ++i) runs.push_back(space.Take(6).value());
  EXPECT_EQ(space.Take(0), std::nullopt);
  for (const int i : {3, 9, 0, 15, 1, 2, 8, 14, 4, 7, 5, 6, 11, 10, 12}) space.Return(runs[i]);
  EXPECT_EQ(space.Take(9), (SlotRun{.base = 0, .log2 = 9}));
  EXPECT_EQ(space.Take(9), std::nullopt);
  space.Return(runs[13]);
  EXPECT_EQ(space.Take(9), (SlotRun{.base = 512, .log2 = 9}));
}

}  // namespace
}  // namespace pointsman
