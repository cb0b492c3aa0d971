#include "flow_tables/affinity_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace pointsman {
namespace {

using Client = AffinityRows::Client;

Client Number(uint32_t number) { return {.group = 1 + number % 7, .address = {number, number}}; }

Frontend InGroup(const char* name) {
  Frontend frontend;
  frontend.affinity_seconds = 10;
  frontend.affinity_group = name;
  return frontend;
}

TEST(AffinityGroup, IsZeroOnlyWithoutAffinity) {
  EXPECT_EQ(AffinityGroupOf(Frontend{}), 0u);
  EXPECT_NE(AffinityGroupOf(InGroup("")), 0u);
  EXPECT_EQ(AffinityGroupOf(InGroup("shop/cart")), AffinityGroupOf(InGroup("shop/cart")));
  EXPECT_NE(AffinityGroupOf(InGroup("shop/cart")), AffinityGroupOf(InGroup("shop/till")));
}

TEST(AffinityTable, OfACardWithoutFindsNobody) {
  EXPECT_EQ(AffinityTable(0).Find(1, {}), nullptr);
  std::vector<RowWrite> writes;
  EXPECT_FALSE(AffinityRows(0).Set(Number(1), 1, 2, writes));
  EXPECT_THAT(writes, testing::IsEmpty());
}

// A table that follows the host's writes as an executor does.
class AffinityRowsTest : public testing::Test {
 protected:
  static constexpr uint32_t kRows = 256;

  // Applies what was written, one row after the other; before and after each, whoever is to be
  // there is found with the values wanted.
  void Follow() {
    for (const RowWrite& write : writes_) {
      ASSERT_EQ(write.table, TableId::kAffinity);
      table_.Write(write.index, UnpackRow<AffinityRow>(write.row));
      for (const auto& [number, slot] : wanted_) {
        const Client client = Number(number);
        const AffinityRow* row = table_.Find(client.group, client.address);
        ASSERT_NE(row, nullptr) << number;
        EXPECT_EQ(row->slot, slot);
        EXPECT_EQ(row->endpoint, number % 1000);
      }
    }
    writes_.clear();
  }

  AffinityRows rows_{kRows};
  AffinityTable table_{kRows};
  std::vector<RowWrite> writes_;
  std::map<uint32_t, uint32_t> wanted_;  // slot by number
};

TEST_F(AffinityRowsTest, NobodyIsMissingWhileOthersMove) {
  uint32_t number = 0;
  for (; rows_.Set(Number(number), number + 5, number % 1000, writes_); ++number) {
    Follow();
    wanted_[number] = number + 5;
  }
  EXPECT_THAT(writes_, testing::IsEmpty()) << "no room, and yet something was written";
  EXPECT_GE(number, kRows * 9 / 10);
  EXPECT_EQ(table_.Find(Number(number).group, Number(number).address), nullptr);
}

TEST_F(AffinityRowsTest, AClientMeetsAnotherEndpointInOneWrite) {
  ASSERT_TRUE(rows_.Set(Number(3), 8, 3, writes_));
  ASSERT_TRUE(rows_.Set(Number(3), 9, 3, writes_));
  ASSERT_EQ(writes_.size(), 2u);
  EXPECT_EQ(writes_[0].index, writes_[1].index);
  EXPECT_EQ(writes_[1], rows_.WriteOf(writes_[1].index));
  wanted_[3] = 9;
  writes_.erase(writes_.begin());
  Follow();
}

TEST_F(AffinityRowsTest, ErasedAndClearedRowsAreFree) {
  for (uint32_t number = 0; number < 100; ++number) {
    ASSERT_TRUE(rows_.Set(Number(number), number, number, writes_));
  }
  Follow();
  rows_.Erase(Number(50), writes_);
  rows_.Erase(Number(1000), writes_);
  ASSERT_EQ(writes_.size(), 1u);
  Follow();
  EXPECT_EQ(table_.Find(Number(50).group, Number(50).address), nullptr);
  rows_.Clear(writes_);
  EXPECT_EQ(writes_.size(), 99u);
  Follow();
  for (const AffinityRow& row : table_.rows()) EXPECT_EQ(row, AffinityRow{});
  EXPECT_THAT(rows_.row_by_client(), testing::IsEmpty());
}

}  // namespace
}  // namespace pointsman
