#include "host/softpath/connection_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace pointsman {
namespace {

constexpr auto kFour = static_cast<uint8_t>(TableId::kOriginals);
constexpr auto kSix = static_cast<uint8_t>(TableId::kOriginalsIpv6);
const Bits128 kClient = Address::FromWords(0xfd00001000000000, 5).bits();
const Bits128 kService = Address::FromWords(0xfd00001000960000, 0x10).bits();
const Bits128 kEndpoint = Address::FromWords(0xfd00001000f40000, 0xa).bits();
const Bits128 kNode = Address::FromWords(0x20010db800000000, 1).bits();

Image SomeImage() {
  Image image = EmptyImage(kSimSizes);
  image.endpoints[9] = {.valid = true, .address = kEndpoint, .port = 8080};
  image.configuration.masquerade_address_v6 = kNode;
  return image;
}

EventLine Learned(uint32_t row, uint32_t client) {
  return {.kind = EventKind::kLearn,
          .table = kFour,
          .original_row = row,
          .original = {.source_address = client}};
}

EventIpv6Line LearnedIpv6(uint32_t row) {
  return {.kind = EventKind::kLearn,
          .table = kSix,
          .original_row = row,
          .original = {.source_address = kClient,
                       .destination_address = kService,
                       .source_port = 40000,
                       .destination_port = 80,
                       .protocol = 6},
          .endpoint = 9,
          .new_source_port = 40000};
}

CardOutput Of(std::vector<EventLine> events, std::vector<EventIpv6Line> events_ipv6 = {}) {
  CardOutput output;
  output.events = std::move(events);
  output.events_ipv6 = std::move(events_ipv6);
  return output;
}

class ConnectionListTest : public testing::Test {
 protected:
  // Those that have ended.
  std::vector<CardConnection> Take(const CardOutput& output) {
    return list_.Take(output, image_).ended;
  }
  const CardConnection& At(TableId table, uint32_t row) const {
    return list_.by_row().at({table, row});
  }

  Image image_ = SomeImage();
  ConnectionList list_;
};

TEST_F(ConnectionListTest, KeepsTheNewestConnectionOfEachRow) {
  Take(Of({Learned(7, 1), Learned(3, 2), Learned(7, 3)}, {LearnedIpv6(7)}));
  Take({});
  ASSERT_EQ(list_.by_row().size(), 3u);
  EXPECT_EQ(At(TableId::kOriginals, 3).original.source, Address(Ipv4Address{2}));
  EXPECT_EQ(At(TableId::kOriginals, 7).original.source, Address(Ipv4Address{3}));
  EXPECT_EQ(At(TableId::kOriginalsIpv6, 7).original.source, Address::FromBits(kClient));
}

TEST_F(ConnectionListTest, TellsWhatWasLearned) {
  EventLine closed = Learned(1, 1);
  closed.kind = EventKind::kClose;
  const ConnectionChanges changes =
      list_.Take(Of({Learned(7, 1), closed, Learned(3, 2)}, {LearnedIpv6(7)}), image_);
  ASSERT_EQ(changes.learned.size(), 3u);
  EXPECT_EQ(changes.learned[0], At(TableId::kOriginals, 7));
  EXPECT_EQ(changes.learned[2], At(TableId::kOriginalsIpv6, 7));
  EXPECT_EQ(changes.ended.size(), 1u);
}

TEST_F(ConnectionListTest, TellsEachEndOnce) {
  EventLine closed = Learned(1, 1), expired = Learned(1, 1), idle = Learned(2, 2);
  closed.kind = EventKind::kClose;
  closed.state = expired.state = ConnectionState::kClosed;
  expired.kind = idle.kind = EventKind::kExpire;
  idle.state = ConnectionState::kEstablished;
  EventIpv6Line closed_ipv6 = LearnedIpv6(1);
  closed_ipv6.kind = EventKind::kClose;
  EXPECT_TRUE(Take(Of({Learned(1, 1), Learned(2, 2)}, {LearnedIpv6(1)})).empty());
  const std::vector<CardConnection> ended = Take(Of({closed}, {closed_ipv6}));
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0].original.source, Address(Ipv4Address{1}));
  EXPECT_EQ(ended[1].original.source, Address::FromBits(kClient));
  EXPECT_EQ(At(TableId::kOriginals, 1).state, ConnectionState::kClosed);
  EXPECT_EQ(Take(Of({expired, idle})).size(), 1u);
  EXPECT_EQ(list_.by_row().size(), 1u);
}

TEST_F(ConnectionListTest, TellsWhatBeginsAgain) {
  EventLine established = Learned(1, 1), closed = established;
  established.kind = EventKind::kEstablish;
  established.state = ConnectionState::kEstablished;
  closed.kind = EventKind::kClose;
  closed.state = ConnectionState::kClosed;
  EXPECT_TRUE(list_.Take(Of({Learned(1, 1), established}), image_).begun_again.empty());
  EXPECT_EQ(At(TableId::kOriginals, 1).state, ConnectionState::kEstablished);
  const ConnectionChanges changes = list_.Take(Of({closed, established, closed}), image_);
  ASSERT_EQ(changes.begun_again.size(), 1u);
  EXPECT_EQ(changes.begun_again[0].original.source, Address(Ipv4Address{1}));
  EXPECT_EQ(changes.ended.size(), 2u);
}

TEST_F(ConnectionListTest, KnowsHowAnEndpointAnswersOverIpv6) {
  EventIpv6Line masqueraded = LearnedIpv6(2);
  masqueraded.masqueraded = 1;
  masqueraded.new_source_port = 50000;
  Take(Of({}, {LearnedIpv6(1), masqueraded}));
  const Address endpoint = Address::FromBits(kEndpoint);
  const FlowKey plain{endpoint, Address::FromBits(kClient), 8080, 40000, Protocol::kTcp};
  EXPECT_EQ(At(TableId::kOriginalsIpv6, 1).reply, plain);
  EXPECT_EQ(At(TableId::kOriginalsIpv6, 2).reply,
            (FlowKey{endpoint, Address::FromBits(kNode), 8080, 50000, Protocol::kTcp}));

  // Also when the endpoint has gone meanwhile.
  image_.endpoints[9] = {};
  EventIpv6Line expired = LearnedIpv6(1);
  expired.kind = EventKind::kExpire;
  expired.state = ConnectionState::kEstablished;
  const std::vector<CardConnection> ended = Take(Of({}, {expired}));
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reply, plain);
  Take(Of({}, {LearnedIpv6(3)}));
  EXPECT_EQ(At(TableId::kOriginalsIpv6, 3).reply.source, Address::FromWords(0, 0));
}

TEST_F(ConnectionListTest, IsNotAboutRowsThatLostTheirContent) {
  EventLine parity = Learned(1, 1);
  parity.kind = EventKind::kParity;
  EXPECT_TRUE(Take(Of({parity})).empty());
  EXPECT_TRUE(list_.by_row().empty());
}

TEST_F(ConnectionListTest, CanBeReadFromTheTables) {
  Take(Of({Learned(7, 1)}));
  std::vector<OriginalRow> originals(8);
  std::vector<ReplyRow> replies(8);
  originals[3] = {.valid = true,
                  .key = {.source_address = 5},
                  .reply_row = 2,
                  .state = ConnectionState::kEstablished};
  originals[4] = {.valid = true, .reply_row = 1000};  // impossible: left out
  replies[2] = {.valid = true, .key = {.source_address = 6}, .original_row = 3};
  std::vector<OriginalIpv6Row> originals_ipv6(8);
  const std::vector<ReplyIpv6Row> replies_ipv6(8);
  originals_ipv6[3] = {.valid = true, .key = {.source_address = kClient}};
  list_.Clear();
  list_.Add(std::span<const OriginalRow>(originals), std::span<const ReplyRow>(replies));
  list_.Add(std::span<const OriginalIpv6Row>(originals_ipv6),
            std::span<const ReplyIpv6Row>(replies_ipv6));
  ASSERT_EQ(list_.by_row().size(), 2u);
  const CardConnection& one = At(TableId::kOriginals, 3);
  EXPECT_EQ(one.original.source, Address(Ipv4Address{5}));
  EXPECT_EQ(one.reply.source, Address(Ipv4Address{6}));
  EXPECT_EQ(one.reply_row, 2u);
  EXPECT_EQ(one.state, ConnectionState::kEstablished);
  EXPECT_EQ(At(TableId::kOriginalsIpv6, 3).original.source, Address::FromBits(kClient));
}

TEST_F(ConnectionListTest, AConnectionIsRemovedFromTheTablesOfItsFamily) {
  Take(Of({Learned(7, 1)}, {LearnedIpv6(8)}));
  EXPECT_EQ(At(TableId::kOriginals, 7).Removal()[1].table, TableId::kReplies);
  const auto removal = At(TableId::kOriginalsIpv6, 8).Removal();
  EXPECT_EQ(removal[0], (RowWrite{.table = TableId::kOriginalsIpv6, .index = 8}));
  EXPECT_EQ(removal[1], (RowWrite{.table = TableId::kRepliesIpv6, .index = 0}));
}

}  // namespace
}  // namespace pointsman
