#include "host/agent/mend.h"

#include <gmock/gmock.h>

namespace pointsman {
namespace {

EventLine Lost(TableId table, uint32_t row) {
  return {.kind = EventKind::kParity, .table = static_cast<uint8_t>(table), .original_row = row};
}

TEST(MendTest, WritesAgainWhatTheImageHas) {
  Image image = EmptyImage(kSimSizes);
  image.endpoints[5] = {.valid = true, .address = 7, .port = 80};
  ConnectionList connections;
  const Mending mending = MendingOf(
      std::vector{Lost(TableId::kEndpoints, 5), Lost(TableId::kHashKeys, 1)}, image, connections);
  ASSERT_EQ(mending.writes.size(), 1u);
  EXPECT_EQ(
      mending.writes[0],
      (RowWrite{.table = TableId::kEndpoints, .index = 5, .row = PackRow(image.endpoints[5])}));
}

TEST(MendTest, ForgetsConnectionsInBothDirections) {
  for (const auto& [table, row] : {std::pair{TableId::kOriginals, 3u}, {TableId::kReplies, 9u}}) {
    ConnectionList connections;
    connections.Take(
        std::vector{EventLine{.kind = EventKind::kLearn, .original_row = 3, .reply_row = 9},
                    EventLine{.kind = EventKind::kLearn, .original_row = 4, .reply_row = 3}});
    const Mending mending =
        MendingOf(std::vector{Lost(table, row)}, EmptyImage(kSimSizes), connections);
    ASSERT_EQ(mending.forgotten.size(), 1u);
    EXPECT_EQ(mending.forgotten[0].original_row, 3u);
    EXPECT_THAT(mending.writes, testing::IsSupersetOf({RowWrite{TableId::kOriginals, 3, {}},
                                                       RowWrite{TableId::kReplies, 9, {}}}));
    EXPECT_EQ(connections.by_row().size(), 1u);
  }
}

}  // namespace
}  // namespace pointsman
