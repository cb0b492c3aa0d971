#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/hw/ring_bench.h"

namespace pointsman {
namespace {

RowBits SomeRow(uint64_t seed) {
  RowBits row{};
  for (uint64_t& word : row) word = seed = seed * 6364136223846793005u + 1442695040888963407u;
  row.back() &= 0xffffffff;  // 416 bits
  return row;
}

CommandLine WriteRow(TableId table, uint32_t index, RowBits row, uint32_t count = 0) {
  return {.op = CommandOp::kWrite,
          .table = static_cast<uint8_t>(table),
          .index = index,
          .count = count,
          .row = row};
}

CommandLine ReadRow(TableId table, uint32_t index) {
  return {.op = CommandOp::kRead, .table = static_cast<uint8_t>(table), .index = index};
}

class CardCommands : public testing::TestWithParam<uint32_t> {
 protected:
  CardCommands() : bench_(GetParam()), rings_(bench_) { rings_.Start(); }

  CardBench bench_;
  RingBench rings_;
};

TEST_P(CardCommands, AnsweredInOrderAcrossTheRingsEnd) {
  for (int round = 0; round < 10; ++round) {
    const uint32_t first = rings_.command_tail();
    for (uint32_t i = 0; i < 32; ++i) {
      rings_.PutCommand(i % 2 == 0 ? WriteRow(TableId::kSlots, i, SomeRow(first + i))
                                   : ReadRow(TableId::kSlots, i - 1));
    }
    rings_.RingCommands();
    ASSERT_TRUE(bench_.StepUntil([&] { return rings_.Status().command_head == first + 32; }));
    for (uint32_t i = 0; i < 32; ++i) {
      const ResponseLine response = rings_.Response(first + i);
      ASSERT_EQ(response.status, CommandStatus::kOk) << i;
      ASSERT_EQ(response.index, i - i % 2);
      ASSERT_EQ(response.row, i % 2 == 0 ? RowBits{} : SomeRow(first + i - 1)) << i;
    }
  }
  EXPECT_EQ(bench_.Count(Statistic::kCommands), 320u);
  EXPECT_EQ(bench_.Count(Statistic::kCommandErrors), 0u);
}

TEST_P(CardCommands, FullRing) {
  for (uint32_t i = 0; i < 64; ++i) {
    rings_.PutCommand(WriteRow(TableId::kEndpoints, i, SomeRow(i)));
  }
  rings_.RingCommands();
  ASSERT_TRUE(bench_.StepUntil([&] { return rings_.Status().command_head == 64; }));
  for (uint32_t i = 0; i < 64; ++i) {
    ASSERT_EQ(rings_.Do(ReadRow(TableId::kEndpoints, i)).row, SomeRow(i));
  }
  EXPECT_EQ(bench_.Errors(), 0u);
}

TEST_P(CardCommands, CountFillsRows) {
  rings_.Do(WriteRow(TableId::kSources, 60, SomeRow(9)));
  EXPECT_EQ(rings_.Do(WriteRow(TableId::kSources, 20, SomeRow(3), 40)).status, CommandStatus::kOk);
  EXPECT_EQ(rings_.Do(ReadRow(TableId::kSources, 20)).row, SomeRow(3));
  EXPECT_EQ(rings_.Do(ReadRow(TableId::kSources, 59)).row, SomeRow(3));
  EXPECT_EQ(rings_.Do(ReadRow(TableId::kSources, 60)).row, SomeRow(9));
}

TEST_P(CardCommands, RefusesWhatCannotBeDone) {
  rings_.Do(WriteRow(TableId::kSources, 63, SomeRow(1)));
  const struct {
    CommandLine command;
    CommandStatus status;
  } cases[] = {
      {{.op = static_cast<CommandOp>(5), .table = 2}, CommandStatus::kBadOp},
      {{.op = static_cast<CommandOp>(0), .table = 99, .index = ~0u}, CommandStatus::kBadOp},
      {{.op = CommandOp::kWrite, .table = 0}, CommandStatus::kBadTable},
      {{.op = CommandOp::kRead, .table = 14, .index = ~0u}, CommandStatus::kBadTable},
      {ReadRow(TableId::kSources, kSimSizes.sources), CommandStatus::kBadIndex},
      {ReadRow(TableId::kHashKeys, kSimSizes.hash_keys), CommandStatus::kBadIndex},
      {WriteRow(TableId::kSources, 63, SomeRow(2), 2), CommandStatus::kBadIndex},
      {WriteRow(TableId::kSources, 1, SomeRow(2), ~0u), CommandStatus::kBadIndex},
      {WriteRow(TableId::kSources, ~0u, SomeRow(2), 2), CommandStatus::kBadIndex},
  };
  uint32_t errors = 0;
  for (const auto& c : cases) {
    const ResponseLine response = rings_.Do(c.command);
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(response.index, c.command.index);
    EXPECT_EQ(response.row, RowBits{});
    EXPECT_EQ(bench_.Count(Statistic::kCommandErrors), ++errors);
  }
  EXPECT_EQ(rings_.Do(ReadRow(TableId::kSources, 63)).row, SomeRow(1));
}

TEST_P(CardCommands, KnowsTheSizeOfEachTable) {
  uint8_t table = 0;
  ForEachSize(kSimSizes, [&](const char* name, uint32_t rows) {
    ++table;
    const auto id = static_cast<TableId>(table);
    EXPECT_EQ(rings_.Do(ReadRow(id, rows - 1)).status, CommandStatus::kOk) << name;
    EXPECT_EQ(rings_.Do(ReadRow(id, rows)).status, CommandStatus::kBadIndex) << name;
  });
}

// The stand-in takes a row in 7 of 8 clocks, and so may this.
TEST_P(CardCommands, AppliesNearlyOneRowAClock) {
  RingBench rings(bench_, {.command_lines_log2 = 12});
  rings_.Stop();
  rings.Start();
  constexpr uint32_t kCommands = 4096;
  for (uint32_t i = 0; i < kCommands; ++i) {
    rings.PutCommand(WriteRow(TableId::kSlots, i, SomeRow(i)));
  }
  const uint64_t before = bench_.cycle();
  rings.RingCommands();
  ASSERT_TRUE(bench_.StepUntil([&] { return rings.Status().command_head == kCommands; }));
  const uint64_t cycles = bench_.cycle() - before;
  RecordProperty("cycles_per_command", fmt::format("{:.3f}", double(cycles) / kCommands));
  EXPECT_LT(cycles, kCommands * 8 / 7 + 10 * GetParam() + 100);

  const uint64_t fill = bench_.cycle();
  ASSERT_EQ(rings.Do(WriteRow(TableId::kSlots, 0, SomeRow(7), 65536)).status, CommandStatus::kOk);
  EXPECT_LT(bench_.cycle() - fill, 65536 * 8 / 7 + 10 * GetParam() + 100);
}

INSTANTIATE_TEST_SUITE_P(MemoryLatency, CardCommands, testing::Values(1, 100));

}  // namespace
}  // namespace pointsman
