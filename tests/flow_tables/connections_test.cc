#include "flow_tables/connections.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

uint32_t AddressOf(Ipv4, uint32_t number) { return number; }
Bits128 AddressOf(Ipv6, uint32_t number) { return {.low = number, .high = 0xfd00000000000000}; }

template <class F>
class ConnectionsTest : public testing::Test {
 protected:
  using Family = F;
  using Table = ConnectionTable<Family>;
  using Key = typename Family::Key;
  using Connection = ConnectionAs<Family>;

  static Connection Make(const Key& original, uint16_t new_source_port, uint32_t endpoint) {
    const typename Family::To to{
        .new_source_address = AddressOf(Family(), 0xc0a80001),
        .new_destination_address = AddressOf(Family(), 0x0af40000 + endpoint),
        .new_source_port = new_source_port,
        .new_destination_port = 8080,
        .next_hop = 2,
        .frontend_counter = 7,
        .endpoint = endpoint};
    return MakeConnection<Family>(original, to, uint16_t{3});
  }

  static Connection Make(uint32_t client, uint16_t new_source_port, uint32_t endpoint = 1) {
    const Key original{.source_address = AddressOf(Family(), client),
                       .destination_address = AddressOf(Family(), 0x0a600001),
                       .source_port = 1000,
                       .destination_port = 80,
                       .protocol = 6};
    return Make(original, new_source_port, endpoint);
  }

  // As a batch does it.
  static typename Table::Found FindByGuess(Table& table, const Key& key) {
    const auto placement = table.Hash(key);
    return table.Find(key, placement, table.Look(placement));
  }
};
using Families = testing::Types<Ipv4, Ipv6>;
TYPED_TEST_SUITE(ConnectionsTest, Families);

TYPED_TEST(ConnectionsTest, FindsBothDirections) {
  using Connection = typename TestFixture::Connection;
  typename TestFixture::Table table(16, 1);
  const Connection c = TestFixture::Make(5, 50000);
  EXPECT_FALSE(table.Find(OriginalKey(c)));
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  ASSERT_TRUE(table.Find(OriginalKey(c)));
  EXPECT_EQ(table.Find(OriginalKey(c)).rewrite(), c.there);
  ASSERT_TRUE(table.Find(ReplyKey(c)));
  const typename TypeParam::To back{.new_source_address = AddressOf(TypeParam(), 0x0a600001),
                                    .new_destination_address = AddressOf(TypeParam(), 5),
                                    .new_source_port = 80,
                                    .new_destination_port = 1000,
                                    .next_hop = 3,
                                    .frontend_counter = 7,
                                    .endpoint = 1};
  EXPECT_EQ(table.Find(ReplyKey(c)).rewrite().to, back);
}

TYPED_TEST(ConnectionsTest, EveryFieldOfTheKeyCounts) {
  using Connection = typename TestFixture::Connection;
  typename TestFixture::Table table(16, 1);
  const Connection c = TestFixture::Make(5, 50000);
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  for (int bit = 0; bit < TestFixture::Key::kBits; ++bit) {
    for (const auto& key : {OriginalKey(c), ReplyKey(c)}) {
      RowBits bits{};
      PutBits(bits, 0, key);
      bits[static_cast<size_t>(bit / 64)] ^= uint64_t{1} << (bit % 64);
      typename TestFixture::Key other;
      GetBits(bits, 0, other);
      EXPECT_FALSE(table.Find(other)) << "bit " << bit;
    }
  }
}

TYPED_TEST(ConnectionsTest, RefusesAReplyKeyThatIsTaken) {
  typename TestFixture::Table table(1, 1);
  ASSERT_EQ(table.Record(TestFixture::Make(5, 50000)), RecordResult::kRecorded);
  // Told before a full table is.
  EXPECT_EQ(table.Record(TestFixture::Make(6, 50000)), RecordResult::kSourcePortTaken);
  EXPECT_EQ(table.Record(TestFixture::Make(6, 50001)), RecordResult::kFull);
  EXPECT_FALSE(table.Find(OriginalKey(TestFixture::Make(6, 50000))));
  EXPECT_EQ(table.size(), 1U);
}

TYPED_TEST(ConnectionsTest, OriginalsComeBeforeReplies) {
  using Connection = typename TestFixture::Connection;
  typename TestFixture::Table table(16, 1);
  const Connection first = TestFixture::Make(5, 50000);
  const Connection second = TestFixture::Make(ReplyKey(first), 50001, 1);
  ASSERT_EQ(table.Record(first), RecordResult::kRecorded);
  ASSERT_EQ(table.Record(second), RecordResult::kRecorded);
  EXPECT_EQ(table.Find(ReplyKey(first)).rewrite(), second.there);
  EXPECT_EQ(TestFixture::FindByGuess(table, ReplyKey(first)).rewrite(), second.there);
  EXPECT_TRUE(table.Erase(OriginalKey(second)));
  EXPECT_EQ(table.Find(ReplyKey(first)).rewrite(), first.back);
}

TYPED_TEST(ConnectionsTest, HoldsAsManyAsItSaysWhateverTheSeed) {
  for (const uint32_t capacity : {0U, 1U, 5U, 64U, 1000U, 16384U}) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      typename TestFixture::Table table(capacity, seed);
      for (uint32_t i = 0; i < capacity; ++i) {
        ASSERT_EQ(table.Record(TestFixture::Make(i, 50000, i)), RecordResult::kRecorded);
      }
      EXPECT_EQ(table.size(), capacity);
      EXPECT_EQ(table.Record(TestFixture::Make(capacity, 50000, capacity)), RecordResult::kFull);
    }
  }
}

// Random operations, compared with a list of what should be there.
TYPED_TEST(ConnectionsTest, DoesWhatAListDoes) {
  using Connection = typename TestFixture::Connection;
  std::mt19937_64 random = TestRandom();
  constexpr uint32_t kCapacity = 200;
  typename TestFixture::Table table(kCapacity, random());
  std::vector<Connection> model;
  for (int i = 0; i < 100000; ++i) {
    const Connection c = TestFixture::Make(
        Below(random, 300), static_cast<uint16_t>(Below(random, 3)), Below(random, 150));
    const auto known = std::find_if(model.begin(), model.end(), [&](const Connection& m) {
      return OriginalKey(m) == OriginalKey(c);
    });
    if (known != model.end() || Below(random, 4) == 0) {
      ASSERT_EQ(table.Erase(OriginalKey(c)), known != model.end());
      if (known != model.end()) model.erase(known);
    } else {
      const bool taken = std::any_of(model.begin(), model.end(), [&](const Connection& m) {
        return ReplyKey(m) == ReplyKey(c);
      });
      const RecordResult expected = taken                       ? RecordResult::kSourcePortTaken
                                    : model.size() == kCapacity ? RecordResult::kFull
                                                                : RecordResult::kRecorded;
      ASSERT_EQ(table.Record(c), expected);
      if (expected == RecordResult::kRecorded) model.push_back(c);
    }
    ASSERT_EQ(table.size(), model.size());
    if (model.empty()) continue;
    const Connection& some = model[Below(random, static_cast<uint32_t>(model.size()))];
    ASSERT_EQ(table.Find(OriginalKey(some)).rewrite(), some.there);
    ASSERT_EQ(table.Find(ReplyKey(some)).rewrite(), some.back);
    ASSERT_EQ(TestFixture::FindByGuess(table, OriginalKey(some)).rewrite(), some.there);
    ASSERT_EQ(TestFixture::FindByGuess(table, ReplyKey(some)).rewrite(), some.back);
    ASSERT_EQ(static_cast<bool>(TestFixture::FindByGuess(table, OriginalKey(c))),
              static_cast<bool>(table.Find(OriginalKey(c))));
  }
  std::vector<Connection> listed;
  table.ForEach([&](const Connection& c) { listed.push_back(c); });
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(model));
  table.Clear();
  EXPECT_EQ(table.size(), 0U);
  for (const Connection& c : model) EXPECT_FALSE(table.Find(OriginalKey(c)));
}

TEST(ConnectionLifeTest, TheShortWaySaysTheSame) {
  for (uint32_t bits = 0; bits < 1024; ++bits) {
    const LifeSign sign{.tcp = true,
                        .tcp_flags = static_cast<uint8_t>(bits),
                        .from_reply = (bits & 0x100) != 0,
                        .later = (bits & 0x200) != 0};
    const ConnectionState next = NextState(ConnectionState::kEstablished, sign);
    EXPECT_EQ(StaysEstablished(ConnectionState::kEstablished, sign.tcp_flags),
              next == ConnectionState::kEstablished)
        << bits;
  }
}

TYPED_TEST(ConnectionsTest, CountsUnconfirmedConnectionsAndSweepsThoseThatAreOver) {
  using Connection = typename TestFixture::Connection;
  typename TestFixture::Table table(16, 1);
  const ConnectionTimeouts timeouts{.tcp_unconfirmed = 10, .tcp_established = 100};
  for (uint32_t i = 0; i < 4; ++i)
    ASSERT_EQ(table.Record(TestFixture::Make(i, 50000, i)), RecordResult::kRecorded);
  EXPECT_EQ(table.unconfirmed(7), 4U);
  table.Touch(table.Find(ReplyKey(TestFixture::Make(0, 50000, 0))), kTcpAck, 3);
  EXPECT_EQ(table.unconfirmed(7), 3U);
  ASSERT_TRUE(table.Erase(OriginalKey(TestFixture::Make(1, 50000, 1))));
  EXPECT_EQ(table.unconfirmed(7), 2U);
  table.Touch(table.Find(OriginalKey(TestFixture::Make(2, 50000, 2))), kTcpAck, 5);
  std::vector<Connection> over;
  const auto note = [&](const Connection& c) { over.push_back(c); };
  table.Sweep(timeouts, 10, note);
  EXPECT_TRUE(over.empty());
  table.Sweep(timeouts, 11, note);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(OriginalKey(over[0]), OriginalKey(TestFixture::Make(3, 50000, 3)));
  EXPECT_EQ(over[0].state, ConnectionState::kUnconfirmed);
  table.Sweep(timeouts, 104, note);
  EXPECT_EQ(over.size(), 3U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.unconfirmed(7), 0U);
}

// What somebody else has carried until tick 1000, as at tick 1010.
TYPED_TEST(ConnectionsTest, RefreshMakesNoneOlderThanTheTakingOver) {
  constexpr uint32_t kSince = 1000;
  constexpr uint32_t kNow = 1010;
  using enum ConnectionState;
  const struct {
    ConnectionState state;
    uint32_t last_seen;
    uint32_t seen;
  } cases[] = {
      {kHalfOpen, 900, kSince},
      {kEstablished, 5, kSince},
      {kClosed, 700, kSince},
      {kHalfOpen, 1005, 1005},           // has had a packet here
      {kEstablished, kTickMask, kSince}  // before the ticks wrapped
  };
  typename TestFixture::Table table(16, 1);
  uint16_t client = 0;
  for (const auto& c : cases) {
    auto connection = TestFixture::Make(client, 50000 + client);
    ++client;
    connection.state = c.state;
    connection.last_seen = c.last_seen;
    ASSERT_EQ(table.Record(connection), RecordResult::kRecorded);
  }
  table.Refresh(kSince, kNow, 0, 16);
  client = 0;
  for (const auto& c : cases) {
    const auto found = table.Find(OriginalKey(TestFixture::Make(client++, 50000)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found.connection->state, c.state) << client;
    EXPECT_EQ(found.connection->last_seen, c.seen) << client;
  }
}

}  // namespace
}  // namespace pointsman
