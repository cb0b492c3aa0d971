#include "flow_tables/stable_ids.h"

#include "gmock/gmock.h"

namespace pointsman {
namespace {

TEST(StableIds, KeepsRowsAndGivesNewContentFreeOnes) {
  StableIds ids(4);
  ids.Keep(RowBits{10}, 0);
  ids.Keep(RowBits{12}, 2);
  ids.Keep(RowBits{10}, 3);
  EXPECT_EQ(ids.Id(RowBits{10}), 0u);
  EXPECT_EQ(ids.Id(RowBits{11}), 1u);
  EXPECT_EQ(ids.Id(RowBits{12}), 2u);
  EXPECT_EQ(ids.Id(RowBits{13}), std::nullopt);
  EXPECT_EQ(ids.Id(RowBits{11}), 1u);
}

}  // namespace
}  // namespace pointsman
