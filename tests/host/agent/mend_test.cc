#include "host/agent/mend.h"

#include <gmock/gmock.h>

namespace pointsman {
namespace {

EventLine Lost(TableId table, uint32_t row) {
  return {.kind = EventKind::kParity, .table = static_cast<uint8_t>(table), .original_row = row};
}

TEST(MendTest, WritesAgainWhatTheImageHas) {
  Image image = EmptyImage(kSimSizes);
  image.endpoints[5] = {.valid = true, .address = {.low = 7}, .port = 80};
  ConnectionList connections;
  const Mending mending =
      MendingOf(std::vector{Lost(TableId::kEndpoints, 5), Lost(TableId::kHashKeys, 1)}, image,
                SoftwarePath(1), connections);
  ASSERT_EQ(mending.writes.size(), 1u);
  EXPECT_EQ(
      mending.writes[0],
      (RowWrite{.table = TableId::kEndpoints, .index = 5, .row = PackRow(image.endpoints[5])}));
}

// Of each family one connection in rows 3 and 9, and another one.
ConnectionList SomeConnections() {
  CardOutput output;
  const auto four = static_cast<uint8_t>(TableId::kOriginals);
  const auto six = static_cast<uint8_t>(TableId::kOriginalsIpv6);
  for (const auto& [original_row, reply_row] : {std::pair{3u, 9u}, {4u, 3u}}) {
    output.events.push_back({.kind = EventKind::kLearn,
                             .table = four,
                             .original_row = original_row,
                             .reply_row = reply_row});
    output.events_ipv6.push_back({.kind = EventKind::kLearn,
                                  .table = six,
                                  .original_row = original_row,
                                  .reply_row = reply_row});
  }
  ConnectionList connections;
  connections.Take(output, EmptyImage(kSimSizes));
  return connections;
}

TEST(MendTest, ForgetsConnectionsInBothDirections) {
  for (const ConnectionTables& tables : {kTablesOfIpv4, kTablesOfIpv6}) {
    for (const auto& [table, row] : {std::pair{tables.originals, 3u}, {tables.replies, 9u}}) {
      ConnectionList connections = SomeConnections();
      const Mending mending = MendingOf(std::vector{Lost(table, row)}, EmptyImage(kSimSizes),
                                        SoftwarePath(1), connections);
      ASSERT_EQ(mending.forgotten.size(), 1u) << Name(table);
      EXPECT_EQ(mending.forgotten[0].original_row, 3u);
      EXPECT_EQ(mending.forgotten[0].tables().originals, tables.originals);
      EXPECT_THAT(mending.writes, testing::IsSupersetOf({RowWrite{tables.originals, 3, {}},
                                                         RowWrite{tables.replies, 9, {}}}));
      EXPECT_EQ(connections.by_row().size(), 3u);
    }
  }
}

}  // namespace
}  // namespace pointsman
