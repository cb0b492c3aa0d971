// The host's reads and writes of rows, alone and while packets pass.
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

struct TableCase {
  TableId table;
  uint32_t rows;
  int bits;
};

constexpr TableCase kTables[] = {
    {TableId::kFrontends, 4096, FrontendRow::kBits},
    {TableId::kSources, 64, SourceRow::kBits},
    {TableId::kSlots, 65536, SlotRow::kBits},
    {TableId::kEndpoints, 4096, EndpointRow::kBits},
    {TableId::kNextHops, 256, NextHopRow::kBits},
    {TableId::kOriginals, 16384, OriginalRow::kBits},
    {TableId::kReplies, 16384, ReplyRow::kBits},
    {TableId::kHashKeys, 3328, HashKeyRow::kBits},
    {TableId::kFrontendCounters, 4096, FrontendCounterRow::kBits},
    {TableId::kEndpointCounters, 4096, EndpointCounterRow::kBits},
    {TableId::kAffinity, 4096, AffinityRow::kBits},
};

// Links to rows of the other direction: as many bits as the tables have rows.
constexpr int kLinkOffsetBits = 1 + Tuple::kBits;
constexpr int kLinkBits = 20;
constexpr int kRowNumberBits = 15;

RowBits SomeRow(const TableCase& table, uint64_t number) {
  const int bits = table.bits;
  RowBits row{};
  for (int at = 0; at < bits; at += 32) {
    const int width = std::min(32, bits - at);
    internal::Put(row, at, width, (number + static_cast<uint64_t>(at)) * 0x9e3779b97f4a7c15u >> 32);
  }
  if (table.table == TableId::kOriginals || table.table == TableId::kReplies) {
    internal::Put(row, kLinkOffsetBits + kRowNumberBits, kLinkBits - kRowNumberBits, 0);
  }
  internal::Put(row, 0, 1, 1);  // valid, where there is such a bit
  return row;
}

class RowsTest : public DatapathTest, public testing::WithParamInterface<bool> {};

// Written and read back, in the order of the commands, with packets of no Service in two of three
// clocks if asked for.
TEST_P(RowsTest, WrittenRowsReadBackInOrder) {
  std::vector<RowBits> expected;
  uint32_t frames = 0;
  for (const TableCase& table : kTables) {
    for (uint64_t i = 0; i < 40; ++i) {
      const auto index = static_cast<uint32_t>(i * 7919 % table.rows);
      card_.QueueRow(true, table.table, index, SomeRow(table, i));
      card_.QueueRow(false, table.table, index, {});
      expected.push_back(SomeRow(table, i));
    }
    card_.QueueRow(true, table.table, table.rows - 1, SomeRow(table, 99));
    card_.QueueRow(true, table.table, table.rows - 1, {});
    card_.QueueRow(false, table.table, table.rows - 1, {});
    expected.push_back({});
  }
  if (GetParam()) {
    for (; frames < 2000; ++frames) {
      card_.Send({.frame = TcpTo({0x08000000 + frames}).frame, .gap_cycles = frames & 1});
    }
  }
  EXPECT_EQ(card_.Drain().size(), frames);
  const std::vector<RowBits> reads = card_.TakeReads();
  ASSERT_EQ(reads.size(), expected.size());
  for (size_t i = 0; i < reads.size(); ++i) EXPECT_EQ(reads[i], expected[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Traffic, RowsTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "Packets" : "None"; });

TEST_F(DatapathTest, WritesOfStaticTablesNeedNoFreeClock) {
  for (int i = 0; i < 400; ++i) card_.Send(TcpTo(kService));
  for (uint32_t i = 0; i < 300; ++i) card_.WriteRow(1000 + i, SlotRow{i});
  for (int i = 0; i < 302; ++i) card_.Clock();
  EXPECT_FALSE(card_.rows_waiting());
  card_.Drain();
  EXPECT_EQ(card_.ReadRow<SlotRow>(1299).endpoint, 299u);
}

TEST_F(DatapathTest, CountsEveryTranslatedPacketOnce) {
  uint64_t packets = 0, bytes = 0, endpoint_packets = 0;
  std::vector<DatapathInput> inputs;
  for (uint16_t i = 0; i < 500; ++i) {
    inputs.push_back(TcpTo(i % 7 == 0 ? Ipv4Address{0x08080808} : kService, i % 3));
    inputs.back().gap_cycles = i > 250 ? i % 5u : 0u;
  }
  for (const DatapathOutput& output : Compare(inputs)) {
    if (output.verdict != Verdict::kForward) continue;
    ++packets;
    bytes += output.length_bytes;
    if (output.endpoint == 1) ++endpoint_packets;
  }
  const auto counter = card_.ReadRow<FrontendCounterRow>(1);
  EXPECT_EQ(counter.packets, packets);
  EXPECT_EQ(counter.bytes, bytes);
  EXPECT_EQ(card_.ReadRow<EndpointCounterRow>(1).packets, endpoint_packets);
  card_.WriteRow(1, FrontendCounterRow{.packets = 10, .bytes = 0xffffffffffff});
  Compare(TcpTo(kService));
  EXPECT_EQ(card_.ReadRow<FrontendCounterRow>(1).packets, 11u);
  EXPECT_EQ(card_.ReadRow<FrontendCounterRow>(1).bytes, inputs[1].frame.size() - 1);
}

TEST_F(DatapathTest, DeletedConnectionsAreForgotten) {
  Compare(TcpTo(kService));
  const EventLine event = card_.TakeEvents().at(0);
  card_.WriteRow(event.original_row, OriginalRow{});
  card_.WriteRow(event.reply_row, ReplyRow{});
  card_.Drain();
  EXPECT_EQ(card_.ReadRow<OriginalRow>(event.original_row), OriginalRow{});
  EXPECT_TRUE(card_.Process(TcpTo(kService)).learned);
}

// A row deleted while packets of its connection pass every clock: the old answer, then it is
// learned again, which needs the reply's row deleted first.
TEST_F(DatapathTest, DeletingUnderTrafficGivesOldOrNewAnswers) {
  const DatapathOutput before = Compare(TcpTo(kService));
  for (int round = 0; round < 20; ++round) {
    const EventLine event = card_.TakeEvents().back();
    for (int i = 0; i < 400; ++i) card_.Send(TcpTo(kService));
    for (int i = 0; i < 60 + round; ++i) card_.Clock();
    card_.WriteRow(event.reply_row, ReplyRow{});
    card_.WriteRow(event.original_row, OriginalRow{});
    int learned = 0;
    for (const DatapathOutput& output : card_.Drain()) {
      EXPECT_EQ(output.verdict, Verdict::kForward);
      EXPECT_EQ(output.frame, before.frame);
      learned += output.learned;
    }
    EXPECT_EQ(learned, 1);
  }
}

TEST_F(DatapathTest, LongestPrefixWinsWhateverTheRow) {
  // The /24 of local pods stands behind the /16; a /32 in the first row beats both.
  Image image = SmallWorld();
  std::swap(image.sources[0], image.sources[1]);
  image.sources[63] = {.valid = true,
                       .address = Address(Ipv4Address{0x0af40009}).bits(),
                       .prefix_length = 128,
                       .client_class = ClientClass::kOutside,
                       .next_hop = 0};
  image.sources[62] = {.valid = true,
                       .address = Address().bits(),
                       .prefix_length = kIpv4PrefixBits,
                       .client_class = ClientClass::kNode,
                       .next_hop = 1};
  for (uint32_t i = 0; i < 64; ++i) card_.WriteRow(i, image.sources[i]);
  card_.Drain();
  pipeline_.SetImage(std::make_shared<const Image>(image));
  for (const uint32_t source : {0x0af40009u, 0x0af40008u, 0x0af4ff08u, 0x01020304u, 0xc0a80101u}) {
    Compare(TcpTo(kDropping, 40000, {source}));
  }
}

}  // namespace
}  // namespace pointsman
