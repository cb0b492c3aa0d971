#include "flow_tables/connections.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

Connection MakeConnection(const Tuple& original, uint16_t new_source_port, uint32_t endpoint) {
  const Translation to{.new_source_address = 0xc0a80001,
                       .new_destination_address = 0x0af40000 + endpoint,
                       .new_source_port = new_source_port,
                       .new_destination_port = 8080,
                       .next_hop = 2,
                       .frontend_counter = 7,
                       .endpoint = endpoint};
  return MakeConnection(original, to, uint16_t{3});
}

Connection MakeConnection(uint32_t client, uint16_t new_source_port, uint32_t endpoint = 1) {
  const Tuple original{.source_address = client,
                       .destination_address = 0x0a600001,
                       .source_port = 1000,
                       .destination_port = 80,
                       .protocol = 6};
  return MakeConnection(original, new_source_port, endpoint);
}

TEST(ConnectionsTest, FindsBothDirections) {
  Connections table(16, 1);
  const Connection c = MakeConnection(5, 50000);
  EXPECT_FALSE(table.Find(OriginalKey(c)));
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  ASSERT_TRUE(table.Find(OriginalKey(c)));
  EXPECT_EQ(table.Find(OriginalKey(c)).rewrite(), c.there);
  ASSERT_TRUE(table.Find(ReplyKey(c)));
  const Translation back{.new_source_address = 0x0a600001,
                         .new_destination_address = 5,
                         .new_source_port = 80,
                         .new_destination_port = 1000,
                         .next_hop = 3,
                         .frontend_counter = 7,
                         .endpoint = 1};
  EXPECT_EQ(table.Find(ReplyKey(c)).rewrite().to, back);
}

TEST(ConnectionsTest, EveryFieldOfTheKeyCounts) {
  Connections table(16, 1);
  const Connection c = MakeConnection(5, 50000);
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  for (int bit = 0; bit < Tuple::kBits; ++bit) {
    for (const Tuple& key : {OriginalKey(c), ReplyKey(c)}) {
      RowBits bits{};
      PutBits(bits, 0, key);
      bits[static_cast<size_t>(bit / 64)] ^= uint64_t{1} << (bit % 64);
      Tuple other;
      GetBits(bits, 0, other);
      EXPECT_FALSE(table.Find(other)) << "bit " << bit;
    }
  }
}

TEST(ConnectionsTest, RefusesAReplyKeyThatIsTaken) {
  Connections table(1, 1);
  ASSERT_EQ(table.Record(MakeConnection(5, 50000)), RecordResult::kRecorded);
  // Told before a full table is.
  EXPECT_EQ(table.Record(MakeConnection(6, 50000)), RecordResult::kSourcePortTaken);
  EXPECT_EQ(table.Record(MakeConnection(6, 50001)), RecordResult::kFull);
  EXPECT_FALSE(table.Find(OriginalKey(MakeConnection(6, 50000))));
  EXPECT_EQ(table.size(), 1U);
}

TEST(ConnectionsTest, OriginalsComeBeforeReplies) {
  Connections table(16, 1);
  const Connection first = MakeConnection(5, 50000);
  const Connection second = MakeConnection(ReplyKey(first), 50001, 1);
  ASSERT_EQ(table.Record(first), RecordResult::kRecorded);
  ASSERT_EQ(table.Record(second), RecordResult::kRecorded);
  EXPECT_EQ(table.Find(ReplyKey(first)).rewrite(), second.there);
  EXPECT_TRUE(table.Erase(OriginalKey(second)));
  EXPECT_EQ(table.Find(ReplyKey(first)).rewrite(), first.back);
}

TEST(ConnectionsTest, HoldsAsManyAsItSaysWhateverTheSeed) {
  for (const uint32_t capacity : {0U, 1U, 5U, 64U, 1000U, 16384U}) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      Connections table(capacity, seed);
      for (uint32_t i = 0; i < capacity; ++i) {
        ASSERT_EQ(table.Record(MakeConnection(i, 50000, i)), RecordResult::kRecorded);
      }
      EXPECT_EQ(table.size(), capacity);
      EXPECT_EQ(table.Record(MakeConnection(capacity, 50000, capacity)), RecordResult::kFull);
    }
  }
}

// Random operations, compared with a list of what should be there.
TEST(ConnectionsTest, DoesWhatAListDoes) {
  std::mt19937_64 random = TestRandom();
  constexpr uint32_t kCapacity = 200;
  Connections table(kCapacity, random());
  std::vector<Connection> model;
  for (int i = 0; i < 100000; ++i) {
    const Connection c = MakeConnection(Below(random, 300), static_cast<uint16_t>(Below(random, 3)),
                                        Below(random, 150));
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
  }
  std::vector<Connection> listed;
  table.ForEach([&](const Connection& c) { listed.push_back(c); });
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(model));
  table.Clear();
  EXPECT_EQ(table.size(), 0U);
  for (const Connection& c : model) EXPECT_FALSE(table.Find(OriginalKey(c)));
}

TEST(ConnectionsTest, CountsUnconfirmedConnectionsAndSweepsThoseThatAreOver) {
  Connections table(16, 1);
  const ConnectionTimeouts timeouts{.tcp_unconfirmed = 10, .tcp_established = 100};
  for (uint32_t i = 0; i < 4; ++i)
    ASSERT_EQ(table.Record(MakeConnection(i, 50000, i)), RecordResult::kRecorded);
  EXPECT_EQ(table.unconfirmed(7), 4U);
  table.Touch(table.Find(ReplyKey(MakeConnection(0, 50000, 0))), {.tcp = true}, 3);
  EXPECT_EQ(table.unconfirmed(7), 3U);
  ASSERT_TRUE(table.Erase(OriginalKey(MakeConnection(1, 50000, 1))));
  EXPECT_EQ(table.unconfirmed(7), 2U);
  table.Touch(table.Find(OriginalKey(MakeConnection(2, 50000, 2))), {.tcp = true}, 5);
  std::vector<Connection> over;
  const auto note = [&](const Connection& c) { over.push_back(c); };
  table.Sweep(timeouts, 10, note);
  EXPECT_TRUE(over.empty());
  table.Sweep(timeouts, 11, note);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(OriginalKey(over[0]), OriginalKey(MakeConnection(3, 50000, 3)));
  EXPECT_EQ(over[0].state, ConnectionState::kUnconfirmed);
  table.Sweep(timeouts, 104, note);
  EXPECT_EQ(over.size(), 3U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.unconfirmed(7), 0U);
}

}  // namespace
}  // namespace pointsman
