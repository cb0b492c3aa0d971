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

}  // namespace
}  // namespace pointsman
