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

TEST(ConnectionListTest, TellsEachEndOnce) {
  ConnectionList list;
  EventLine closed = Learned(1, 1), expired = Learned(1, 1), idle = Learned(2, 2);
  closed.kind = EventKind::kClose;
  closed.state = expired.state = ConnectionState::kClosed;
  expired.kind = idle.kind = EventKind::kExpire;
  idle.state = ConnectionState::kEstablished;
  EXPECT_TRUE(list.Take(std::vector{Learned(1, 1), Learned(2, 2)}).empty());
  EXPECT_EQ(list.Take(std::vector{closed}), std::vector{closed});
  EXPECT_EQ(list.by_row().at(1).state, ConnectionState::kClosed);
  EXPECT_EQ(list.Take(std::vector{expired, idle}), std::vector{idle});
  EXPECT_TRUE(list.by_row().empty());
}

TEST(ConnectionListTest, CanBeReadFromTheTables) {
  ConnectionList list;
  list.Take(std::vector{Learned(7, 1)});
  std::vector<OriginalRow> originals(8);
  std::vector<ReplyRow> replies(8);
  originals[3] = {.valid = true,
                  .key = {.source_address = 5},
                  .reply_row = 2,
                  .endpoint = 9,
                  .state = ConnectionState::kEstablished};
  originals[4] = {.valid = true, .reply_row = 1000};  // impossible: left out
  replies[2] = {.valid = true, .key = {.source_address = 6}, .original_row = 3};
  list.Replace(originals, replies);
  ASSERT_EQ(list.by_row().size(), 1u);
  const EventLine& one = list.by_row().at(3);
  EXPECT_EQ(one.original.source_address, 5u);
  EXPECT_EQ(one.reply.source_address, 6u);
  EXPECT_EQ(one.reply_row, 2u);
  EXPECT_EQ(one.endpoint, 9u);
  EXPECT_EQ(one.state, ConnectionState::kEstablished);
}

}  // namespace
}  // namespace pointsman
