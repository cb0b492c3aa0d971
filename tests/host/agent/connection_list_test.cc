#include "host/agent/connection_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace pointsman {
namespace {

EventLine Learned(uint32_t row, uint32_t client) {
  return {.kind = EventKind::kLearn, .original_row = row, .original = {.source_address = client}};
}

TEST(ConnectionListTest, KeepsTheNewestConnectionOfEachRow) {
  ConnectionList list;
  list.Take(std::vector<EventLine>{Learned(7, 1), Learned(3, 2), Learned(7, 3)});
  list.Take({});
  ASSERT_EQ(list.by_row().size(), 2u);
  EXPECT_EQ(list.by_row().at(3), Learned(3, 2));
  EXPECT_EQ(list.by_row().at(7), Learned(7, 3));
}

}  // namespace
}  // namespace pointsman
