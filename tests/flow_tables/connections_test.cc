#include "flow_tables/connections.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

Connection MakeConnection(uint32_t client, uint16_t new_source_port, uint32_t endpoint = 1) {
  const Tuple original{.source_address = client,
                       .destination_address = 0x0a600001,
                       .source_port = 1000,
                       .destination_port = 80,
                       .protocol = 6};
  const Translation to{.new_source_address = 0xc0a80001,
                       .new_destination_address = 0x0af40000 + endpoint,
                       .new_source_port = new_source_port,
                       .new_destination_port = 8080,
                       .next_hop = 2,
                       .frontend_counter = 7,
                       .endpoint = endpoint};
  return MakeConnection(original, to, uint16_t{3});
}

TEST(ConnectionsTest, FindsBothDirections) {
  Connections table(16, 1);
  const Connection c = MakeConnection(5, 50000);
  EXPECT_EQ(table.Find(c.original), nullptr);
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  ASSERT_NE(table.Find(c.original), nullptr);
  EXPECT_EQ(*table.Find(c.original), c.there);
  ASSERT_NE(table.Find(ReplyKey(c)), nullptr);
  const Translation back{.new_source_address = 0x0a600001,
                         .new_destination_address = 5,
                         .new_source_port = 80,
                         .new_destination_port = 1000,
                         .next_hop = 3,
                         .frontend_counter = 7,
                         .endpoint = 1};
  EXPECT_EQ(table.Find(ReplyKey(c))->to, back);
}

TEST(ConnectionsTest, EveryFieldOfTheKeyCounts) {
  Connections table(16, 1);
  const Connection c = MakeConnection(5, 50000);
  ASSERT_EQ(table.Record(c), RecordResult::kRecorded);
  for (int bit = 0; bit < Tuple::kBits; ++bit) {
    for (const Tuple& key : {c.original, ReplyKey(c)}) {
      RowBits bits{};
      PutBits(bits, 0, key);
      bits[static_cast<size_t>(bit / 64)] ^= uint64_t{1} << (bit % 64);
      Tuple other;
      GetBits(bits, 0, other);
      EXPECT_EQ(table.Find(other), nullptr) << "bit " << bit;
    }
  }
}

TEST(ConnectionsTest, RefusesAReplyKeyThatIsTaken) {
  Connections table(1, 1);
  ASSERT_EQ(table.Record(MakeConnection(5, 50000)), RecordResult::kRecorded);
  // Told before a full table is.
  EXPECT_EQ(table.Record(MakeConnection(6, 50000)), RecordResult::kSourcePortTaken);
  EXPECT_EQ(table.Record(MakeConnection(6, 50001)), RecordResult::kFull);
  EXPECT_EQ(table.Find(MakeConnection(6, 50000).original), nullptr);
  EXPECT_EQ(table.size(), 1U);
}

TEST(ConnectionsTest, OriginalsComeBeforeReplies) {
  Connections table(16, 1);
  const Connection first = MakeConnection(5, 50000);
  Connection second = MakeConnection(6, 50001);
  second.original = ReplyKey(first);
  ASSERT_EQ(table.Record(first), RecordResult::kRecorded);
  ASSERT_EQ(table.Record(second), RecordResult::kRecorded);
  EXPECT_EQ(*table.Find(ReplyKey(first)), second.there);
  EXPECT_TRUE(table.Erase(second.original));
  EXPECT_EQ(*table.Find(ReplyKey(first)), first.back);
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
    const auto known = std::find_if(model.begin(), model.end(),
                                    [&](const Connection& m) { return m.original == c.original; });
    if (known != model.end() || Below(random, 4) == 0) {
      ASSERT_EQ(table.Erase(c.original), known != model.end());
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
    ASSERT_EQ(*table.Find(some.original), some.there);
    ASSERT_EQ(*table.Find(ReplyKey(some)), some.back);
  }
  std::vector<Connection> listed;
  table.ForEach([&](const Connection& c) { listed.push_back(c); });
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(model));
  table.Clear();
  EXPECT_EQ(table.size(), 0U);
  for (const Connection& c : model) EXPECT_EQ(table.Find(c.original), nullptr);
}

}  // namespace
}  // namespace pointsman
