#include "host/agent/row_dump.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/driver/card_fixture.h"

namespace pointsman {
namespace {

using testing::HasSubstr;

class RowDumpTest : public CardFixture {
 protected:
  void SetUp() override { ASSERT_TRUE(Open().ok()); }

  std::string Dump(uint32_t rows_at_once) {
    RowDump dump;
    while (true) {
      const auto whole = dump.ReadNext(rows_at_once, *card_);
      EXPECT_TRUE(whole.ok()) << whole.status();
      if (!whole.ok() || *whole) return dump.Take();
    }
  }
};

// The widest row has all its bits set.
std::vector<RowWrite> SomeRows() {
  RowBits all_ones;
  all_ones.fill(~uint64_t{0});
  OriginalIpv6Row widest = UnpackRow<OriginalIpv6Row>(all_ones);
  return {{.table = TableId::kFrontends, .index = 0, .row = {0x123456789abcdef0, 0, 7}},
          {.table = TableId::kSlots, .index = kSimSizes.slots - 1, .row = {5}},
          {.table = TableId::kOriginalsIpv6, .index = 3, .row = PackRow(widest)}};
}

TEST_F(RowDumpTest, HasTheRowsThatHoldSomething) {
  const std::vector<RowWrite> rows = SomeRows();
  ASSERT_TRUE(card_->Write(rows).ok());
  for (const uint32_t rows_at_once : {1000U, 1U << 20}) {
    const auto read = ParseRowDump(Dump(rows_at_once));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, rows);
  }
}

TEST_F(RowDumpTest, OfAnEmptyCardIsEmpty) {
  const auto read = ParseRowDump(Dump(4096));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->empty());
}

TEST_F(RowDumpTest, BeginsAnewAfterTake) {
  ASSERT_TRUE(card_->Write(SomeRows()).ok());
  RowDump dump;
  ASSERT_TRUE(dump.ReadNext(100, *card_).ok());
  dump.Take();
  uint32_t parts = 1;
  while (!dump.ReadNext(1 << 20, *card_).value()) ++parts;
  EXPECT_EQ(parts, CardTables().size());
  EXPECT_EQ(ParseRowDump(dump.Take()).value(), SomeRows());
}

TEST_F(RowDumpTest, ACardThatFailsIsTold) {
  RowDump dump;
  fake_.faults.commands_until_hang = 0;
  EXPECT_TRUE(absl::IsDeadlineExceeded(dump.ReadNext(10, *card_).status()));
}

TEST(ParseRowDumpTest, WhatIsNoneIsAnErrorThatSaysSo) {
  const std::string layout = fmt::format(R"("layout_hash": {})", kLayoutHash);
  struct Case {
    std::string document;
    const char* error;
  };
  const Case cases[] = {
      {"", "no dump of a card's rows"},
      {"[]", "no dump of a card's rows"},
      {"{" + layout + "}", "no dump of a card's rows"},
      {R"({"layout_hash": 1, "rows": []})", "another layout"},
      {R"({"rows": []})", "another layout"},
      {"{" + layout + R"(, "rows": [7]})", "no row of a card: 7"},
      {"{" + layout + R"(, "rows": [["nobody", 0, ["1"]]]})", "nobody"},
      {"{" + layout + R"(, "rows": [["slots", -1, ["1"]]]})", "-1"},
      {"{" + layout + R"(, "rows": [["slots", 1, ["x"]]]})", "\"x\""},
      {"{" + layout + R"(, "rows": [["slots", 1, [1]]]})", "no row of a card"},
      {"{" + layout + R"(, "rows": [["slots", 1, ["11111111111111111"]]]})", "no row of a card"},
      {"{" + layout + R"(, "rows": [["slots", 1, ["1","1","1","1","1","1","1","1"]]]})",
       "no row of a card"}};
  for (const Case& c : cases) {
    const absl::Status status = ParseRowDump(c.document).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << c.document;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.error)) << c.document;
  }
}

}  // namespace
}  // namespace pointsman
