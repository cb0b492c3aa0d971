// Packets that follow each other closely: each sees what every packet before it recorded.
#include <set>

#include "flow_tables/big_endian.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

constexpr uint32_t kDistanceMax = 40;

FrameBytes Filler() { return TcpTo({0x08080808}).frame; }

// `distance - 1` packets or empty clocks between two packets.
void Separate(std::vector<DatapathInput>& inputs, uint32_t distance, bool with_packets) {
  if (with_packets) {
    for (uint32_t i = 1; i < distance; ++i) inputs.push_back({.frame = Filler()});
  }
}

class NearTest : public DatapathTest, public testing::WithParamInterface<bool> {};

TEST_P(NearTest, SameConnectionAtEveryDistance) {
  for (uint32_t distance = 1; distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    std::vector<DatapathInput> inputs;
    inputs.push_back(TcpTo(kService, static_cast<uint16_t>(1000 + distance)));
    Separate(inputs, distance, GetParam());
    inputs.push_back(TcpTo(kService, static_cast<uint16_t>(1000 + distance)));
    if (!GetParam()) inputs.back().gap_cycles = distance - 1;
    const std::vector<DatapathOutput> outputs = Compare(inputs);
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_FALSE(outputs.back().learned);
    EXPECT_EQ(outputs.front().frame, outputs.back().frame);
  }
}

TEST_P(NearTest, ReplyAtEveryDistance) {
  for (uint32_t distance = 1; distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    // What the answer will be is learned from a card that has been asked before.
    DatapathInput first = TcpTo(kMasqueraded, static_cast<uint16_t>(2000 + distance));
    std::vector<uint8_t> translated = first.frame;
    Packet packet{translated, Port::kUplink, 0};
    Outcome outcome;
    Pipeline oracle(std::make_shared<const Image>(SmallWorld()), 2);
    oracle.Process({&packet, 1}, {&outcome, 1});
    DatapathOutput forwarded;
    forwarded.frame = translated;

    std::vector<DatapathInput> inputs{first};
    Separate(inputs, distance, GetParam());
    inputs.push_back(ReplyTo(forwarded));
    if (!GetParam()) inputs.back().gap_cycles = distance - 1;
    const std::vector<DatapathOutput> outputs = Compare(inputs);
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_EQ(outputs.back().verdict, Verdict::kForward);
    EXPECT_EQ(LoadBe32(outputs.back().frame.data() + 26), kMasqueraded.value);
  }
}

TEST_P(NearTest, SourcePortTakenAtEveryDistance) {
  Image image = SmallWorld();
  image.configuration.masquerade_ports = {.base = 0x8000, .mask = 0};
  for (FrontendRow& row : image.frontends) row.inside_slots_log2 = row.outside_slots_log2 = 0;
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.Load(image);
  // Each distance has its own source port base, so its reply keys are new.
  for (uint32_t distance = 1; distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    image.configuration.masquerade_ports.base = static_cast<uint16_t>(0x8000 + distance);
    pipeline_.SetImage(std::make_shared<const Image>(image));
    card_.SetConfiguration(image.configuration);
    std::vector<DatapathInput> inputs{TcpTo(kMasqueraded, static_cast<uint16_t>(3000 + distance))};
    Separate(inputs, distance, GetParam());
    inputs.push_back(TcpTo(kMasqueraded, static_cast<uint16_t>(4000 + distance)));
    if (!GetParam()) inputs.back().gap_cycles = distance - 1;
    const std::vector<DatapathOutput> outputs = Compare(inputs);
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_EQ(outputs.back().reason, Reason::kSourcePortTaken);
  }
}

INSTANTIATE_TEST_SUITE_P(Between, NearTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "Packets" : "EmptyClocks"; });

// Hash rows that are zero put every connection into bucket 0 of both banks: eight fit.
class OneBucketTest : public DatapathTest {
 protected:
  OneBucketTest() {
    for (uint32_t i = 0; i < TabulationHash::kRows; ++i) card_.WriteRow(i, HashKeyRow{});
    card_.Drain();
  }
};

TEST_F(OneBucketTest, EveryWayIsTakenOnceAndTheNinthIsPunted) {
  for (uint32_t gap = 0; gap <= 8; ++gap) {
    SCOPED_TRACE(gap);
    for (uint16_t port = 1; port <= 12; ++port) {
      DatapathInput input = TcpTo(kService, port);
      input.gap_cycles = gap;
      card_.Send(input);
    }
    const std::vector<DatapathOutput> outputs = card_.Drain();
    ASSERT_EQ(outputs.size(), 12u);
    std::set<uint32_t> originals, replies;
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(outputs[i].learned, i < 8) << i;
      EXPECT_EQ(outputs[i].reason, i < 8 ? Reason::kNone : Reason::kConnectionTableFull) << i;
    }
    for (const EventLine& event : card_.TakeEvents()) {
      originals.insert(event.original_row);
      replies.insert(event.reply_row);
      card_.WriteRow(event.original_row, OriginalRow{});
      card_.WriteRow(event.reply_row, ReplyRow{});
    }
    card_.Drain();
    const uint32_t bank = *originals.rbegin() - 3;
    EXPECT_EQ(bank & (bank - 1), 0u);
    const std::set<uint32_t> all{0, 1, 2, 3, bank, bank + 1, bank + 2, bank + 3};
    EXPECT_EQ(originals, all);
    EXPECT_EQ(replies, all);
  }
}

}  // namespace
}  // namespace pointsman
