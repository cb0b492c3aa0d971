#include "driver/ring_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "driver/card_tables.h"
#include "flow_tables/hash.h"
#include "tests/driver/card_fixture.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> Frame(size_t size, uint32_t tag) {
  std::vector<uint8_t> frame(size);
  std::iota(frame.begin(), frame.end(), uint8_t(tag));
  return frame;
}

RowWrite SlotWrite(uint32_t index, uint32_t endpoint) {
  return {TableId::kSlots, index, PackRow(SlotRow{.endpoint = endpoint})};
}

class RingCardTest : public CardFixture {
 protected:
  void SetUp() override { ASSERT_TRUE(Open().ok()); }
};

TEST_F(RingCardTest, BringUpLeavesEmptyTablesAndHashKeysInModeBypass) {
  EXPECT_EQ(card_->description().profile, "sim");
  EXPECT_EQ(fake_.Register(RegisterOffset::kMode), uint32_t(Mode::kBypass));
  EXPECT_EQ(fake_.Register(RegisterOffset::kRingEnable), 1u);
  const TabulationHash hash(7);
  for (const CardTable& table : CardTables()) {
    for (uint32_t i = 0; i < kSimSizes.*table.rows; ++i) {
      const RowBits wanted = table.id == TableId::kHashKeys ? PackRow(hash.rows()[i]) : RowBits{};
      ASSERT_EQ(fake_.Row(table.id, i), wanted) << table.name << "[" << i << "]";
    }
  }
}

TEST_F(RingCardTest, HashKeysAreNewAtEveryBringUp) {
  RingCardOptions options = SmallRings();
  options.hash_key_seed.reset();
  RowBits rows[2];
  for (RowBits& row : rows) {
    card_.reset();
    ASSERT_TRUE(RingCard::Open(fake_.Connect(), options).ok());
    row = fake_.Row(TableId::kHashKeys, 0);
  }
  EXPECT_NE(rows[0], rows[1]);
}

TEST_F(RingCardTest, OpensACardThatAnotherProcessLeftInUse) {
  card_.reset();
  const auto other = fake_.Connect();
  for (auto [at, value] : {std::pair(RegisterOffset::kMode, 2u),
                           {RegisterOffset::kCapture, 1u},
                           {RegisterOffset::kRingEnable, 1u}}) {
    ASSERT_TRUE(other->WriteRegister(uint32_t(at), value).ok());
  }
  const size_t before = fake_.writes().size();
  ASSERT_TRUE(Open().ok());
  using W = std::pair<RegisterOffset, uint32_t>;
  EXPECT_EQ(fake_.writes()[before], W(RegisterOffset::kMode, uint32_t(Mode::kBypass)));
  EXPECT_EQ(fake_.writes()[before + 1], W(RegisterOffset::kCapture, 0));
  EXPECT_EQ(fake_.writes()[before + 2], W(RegisterOffset::kRingEnable, 0));
  EXPECT_TRUE(card_->Write({{SlotWrite(1, 2)}}).ok());
}

TEST_F(RingCardTest, StopsTheRingsAtItsEnd) {
  ASSERT_TRUE(
      card_->Configure({.mode = Mode::kOffload, .capture = false, .configuration = {}}).ok());
  card_.reset();
  EXPECT_EQ(fake_.Register(RegisterOffset::kRingEnable), 0u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kMode), uint32_t(Mode::kOffload));
}

// Plans shorter than, as long as, and longer than the ring of 16; many, so that it wraps.
TEST_F(RingCardTest, WritesAndReadsAnyNumberOfRows) {
  for (uint32_t count : {0u, 1u, 15u, 16u, 17u, 1000u}) {
    std::vector<RowWrite> writes;
    for (uint32_t i = 0; i < count; ++i) writes.push_back(SlotWrite(i, 1000 * count + i));
    ASSERT_TRUE(card_->Write(writes).ok()) << count;
    const auto rows = card_->Read(TableId::kSlots, 0, count);
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->size(), count);
    for (uint32_t i = 0; i < count; ++i) EXPECT_EQ((*rows)[i], writes[i].row);
  }
}

TEST_F(RingCardTest, OneDoorbellForEachRingful) {
  const auto doorbells = [this] {
    return std::ranges::count(fake_.writes(), RegisterOffset::kCommandTail,
                              &std::pair<RegisterOffset, uint32_t>::first);
  };
  std::vector<RowWrite> writes;
  for (uint32_t i = 0; i < 32; ++i) writes.push_back(SlotWrite(i, i));
  const auto before = doorbells();
  const uint64_t reads_before = fake_.reads();
  ASSERT_TRUE(card_->Write(writes).ok());
  EXPECT_EQ(doorbells() - before, 4);  // 32 writes and 32 reads in rings of 16
  // The fake reads its own heartbeat for each status line, one a doorbell; the host reads none.
  EXPECT_EQ(fake_.reads() - reads_before, 4u);
}

TEST_F(RingCardTest, TheLastWriteOfARowCounts) {
  ASSERT_TRUE(card_->Write({{SlotWrite(5, 1), SlotWrite(6, 2), SlotWrite(5, 3)}}).ok());
  EXPECT_EQ(fake_.Row(TableId::kSlots, 5), PackRow(SlotRow{.endpoint = 3}));
}

TEST_F(RingCardTest, RowsThatPacketsChangeAreNotCompared) {
  fake_.faults.decaying_row = {TableId::kFrontendCounters, 3};
  EXPECT_TRUE(card_->Write({{{TableId::kFrontendCounters, 3, RowBits{}}}}).ok());
}

TEST_F(RingCardTest, RefusesRowsThatAreNotThere) {
  const size_t writes_before = fake_.writes().size();
  absl::Status status = card_->Write({{SlotWrite(1, 1), SlotWrite(65536, 1)}});
  EXPECT_TRUE(absl::IsOutOfRange(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("slots: rows 65536 to 65537 asked for, the card has 65536"));
  EXPECT_TRUE(absl::IsOutOfRange(card_->Read(TableId::kSlots, 65535, 2).status()));
  EXPECT_TRUE(absl::IsOutOfRange(card_->Read(TableId::kSlots, 1, 0xffffffff).status()));
  status = card_->Write({{{TableId{99}, 0, RowBits{}}}});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(fake_.writes().size(), writes_before);
  EXPECT_TRUE(card_->Write({{SlotWrite(1, 1)}}).ok());
}

// Every length there is, in a ring of 256 lines, so that frames cross its end at every place.
TEST_F(RingCardTest, FramesOfEveryLengthComeBack) {
  uint32_t tag = 0;
  for (size_t size = 14; size <= 9216; size += size < 300 ? 1 : 37) {
    const std::vector<uint8_t> frame = Frame(size, ++tag);
    ASSERT_TRUE(card_->Inject({{{InjectLine{.tag = tag}, frame}}}).ok()) << size;
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_EQ(output->punts.size(), 1u) << size;
    EXPECT_EQ(output->punts[0].line.tag, tag);
    EXPECT_EQ(output->punts[0].frame, frame) << size;
  }
  ASSERT_TRUE(card_->Inject({{{InjectLine{}, Frame(9216, 1)}}}).ok());
  EXPECT_EQ(card_->Poll()->punts.at(0).frame, Frame(9216, 1));
}

// More than inject and punt ring hold together: Inject empties the punt ring while it waits.
TEST_F(RingCardTest, InjectLosesNoFrameThatTheHostHasNotPolledYet) {
  const std::vector<uint8_t> frame = Frame(1500, 3);
  std::vector<InjectedFrame> frames;
  for (uint32_t tag = 0; tag < 200; ++tag) frames.push_back({InjectLine{.tag = tag}, frame});
  ASSERT_TRUE(card_->Inject(frames).ok());
  std::vector<uint32_t> tags;
  for (int polls = 0; polls < 10; ++polls) {
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    for (const PuntedFrame& punt : output->punts) tags.push_back(punt.line.tag);
  }
  std::vector<uint32_t> wanted(200);
  std::iota(wanted.begin(), wanted.end(), 0u);
  EXPECT_EQ(tags, wanted);
}

TEST_F(RingCardTest, TransmittedFramesCarryTheirLine) {
  const InjectLine line{.tag = 9,
                        .action = InjectAction::kTransmit,
                        .ingress = Port::kUplink,
                        .egress = Port::kNode,
                        .attempt = 4};
  ASSERT_TRUE(card_->Inject({{{line, Frame(60, 1)}}}).ok());
  ASSERT_EQ(fake_.transmitted.size(), 1u);
  InjectLine wanted = line;
  wanted.length = 60;
  EXPECT_EQ(fake_.transmitted[0].first, wanted);
  EXPECT_EQ(fake_.transmitted[0].second, Frame(60, 1));
}

TEST_F(RingCardTest, RefusesFramesThatTheCardDoesNotTake) {
  struct Case {
    size_t size;
    uint8_t attempt;
    const char* message;
  };
  for (const Case& c : {Case{13, 0, "frame 1: 13 bytes, the card takes 14..9216"},
                        Case{9217, 0, "frame 1: 9217 bytes, the card takes 14..9216"},
                        Case{60, 16, "frame 1: attempt is 16, expected 0..15"}}) {
    const auto good = Frame(60, 1);
    const auto bad = Frame(c.size, 1);
    const absl::Status status =
        card_->Inject({{{InjectLine{}, good}, {InjectLine{.attempt = c.attempt}, bad}}});
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(std::string(status.message()), c.message);
  }
  EXPECT_TRUE(card_->Poll()->punts.empty());
}

EventLine Learned(uint32_t row) {
  return {.kind = EventKind::kLearn,
          .table = static_cast<uint8_t>(TableId::kOriginals),
          .original_row = row};
}

TEST_F(RingCardTest, EventsOfTheFamiliesAreToldApart) {
  const auto six = static_cast<uint8_t>(TableId::kOriginalsIpv6);
  const EventIpv6Line learned{.kind = EventKind::kLearn,
                              .table = six,
                              .original_row = 8191,
                              .original = {.source_address = {.low = 1, .high = 2}, .protocol = 6},
                              .endpoint = 5,
                              .new_source_port = 50000,
                              .masqueraded = 1};
  EXPECT_TRUE(fake_.Tell(Learned(7)));
  EXPECT_TRUE(fake_.Tell(learned));
  EXPECT_TRUE(fake_.Tell(EventLine{.kind = EventKind::kParity, .table = six, .original_row = 3}));
  const auto output = card_->Poll();
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->events.size(), 2u);
  EXPECT_EQ(output->events[0], Learned(7));
  EXPECT_EQ(output->events[1].table, six);
  ASSERT_EQ(output->events_ipv6.size(), 1u);
  EXPECT_EQ(output->events_ipv6[0], learned);
}

TEST_F(RingCardTest, EventsComeInOrderAndLostOnesAreCounted) {
  for (uint32_t round = 0; round < 10; ++round) {
    for (uint32_t i = 0; i < 12; ++i) {
      EXPECT_TRUE(fake_.Tell(Learned(12 * round + i)));
    }
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_EQ(output->events.size(), 12u);
    for (uint32_t i = 0; i < 12; ++i) EXPECT_EQ(output->events[i].original_row, 12 * round + i);
    EXPECT_EQ(output->events_lost, 0u);
  }
  for (uint32_t i = 0; i < 20; ++i) fake_.Tell(Learned(0));
  EXPECT_EQ(card_->Poll()->events.size(), 16u);
  EXPECT_EQ(card_->Poll()->events_lost, 4u);
}

TEST_F(RingCardTest, ConsumerDoorbellsAreBatched) {
  const auto doorbells = [this] {
    return std::ranges::count(fake_.writes(), RegisterOffset::kPuntHead,
                              &std::pair<RegisterOffset, uint32_t>::first);
  };
  const auto before = doorbells();
  for (int i = 0; i < 320; ++i) {  // 640 lines, a quarter of the ring is 64
    ASSERT_TRUE(fake_.Punt({.verdict = Verdict::kPunt}, Frame(60, 1)));
    ASSERT_EQ(card_->Poll()->punts.size(), 1u);
  }
  EXPECT_EQ(doorbells() - before, 10);
}

TEST_F(RingCardTest, PollWithoutNewsIsEmptyAndTouchesNoRegister) {
  const size_t writes = fake_.writes().size();
  const uint64_t reads = fake_.reads();
  for (int i = 0; i < 3; ++i) {
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok());
    EXPECT_TRUE(output->punts.empty() && output->events.empty());
  }
  EXPECT_EQ(fake_.writes().size(), writes);
  EXPECT_EQ(fake_.reads(), reads);
}

// The offset of a word of a register that is an array.
RegisterOffset Word(RegisterOffset first, uint32_t word) {
  return RegisterOffset{uint32_t(first) + 4 * word};
}

TEST_F(RingCardTest, ConfigureWritesAddressesWordByWord) {
  CardSettings settings{.mode = Mode::kOffload, .configuration = {}};
  settings.configuration.masquerade_address_v6 = {.low = 0x4444444433333333, .high = 0x66666666};
  ServiceRange& range = settings.configuration.service_ranges[2];
  range = {.address = {.low = 0x2222222211111111, .high = 0x88888888},
           .mask = {.low = 0xffffffff00000000, .high = ~uint64_t{0}}};
  ASSERT_TRUE(card_->Configure(settings).ok());
  const uint32_t address[] = {0x33333333, 0x44444444, 0x66666666, 0};
  const uint32_t words[] = {0x11111111, 0x22222222, 0x88888888, 0, 0, ~0u, ~0u, ~0u};
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(fake_.Register(Word(RegisterOffset::kMasqueradeIpv6Address, i)), address[i]) << i;
  }
  for (uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(fake_.Register(Word(RegisterOffset::kServiceRanges, 16 + i)), words[i]) << i;
  }

  // A range that changes is out of use meanwhile; others are left alone.
  const size_t before = fake_.writes().size();
  range.address.low = 0x9999999900000000;
  ASSERT_TRUE(card_->Configure(settings).ok());
  std::vector<std::pair<uint32_t, uint32_t>> written;  // word and value
  for (size_t i = before; i < fake_.writes().size(); ++i) {
    const auto& [at, value] = fake_.writes()[i];
    const uint32_t word = (uint32_t(at) - uint32_t(RegisterOffset::kServiceRanges)) / 4;
    if (word < kServiceRangesWords) written.emplace_back(word, value);
  }
  const std::vector<std::pair<uint32_t, uint32_t>> expected = {
      {20, 0},          {21, 0}, {22, 0}, {23, 0},   {16, 0},   {17, 0x99999999},
      {18, 0x88888888}, {19, 0}, {20, 0}, {21, ~0u}, {22, ~0u}, {23, ~0u}};
  EXPECT_EQ(written, expected);
}

TEST_F(RingCardTest, ConfigureWritesTheModeLastExceptIntoBypass) {
  const CardSettings offload{
      .mode = Mode::kOffload,
      .capture = true,
      .configuration = {
          .slot_hash_seed = 0x1234, .masquerade_address = {0x0a000001}, .masquerade_ports = {}}};
  ASSERT_TRUE(card_->Configure(offload).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kSlotHashSeed), 0x1234u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kMasqueradeAddress), 0x0a000001u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kMasqueradePortBase), 0xc000u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kMasqueradePortMask), 0x3fffu);
  EXPECT_EQ(fake_.Register(RegisterOffset::kCapture), 1u);
  EXPECT_EQ(fake_.writes().back().first, RegisterOffset::kMode);
  const size_t before = fake_.writes().size();
  ASSERT_TRUE(card_->Configure(CardSettings{}).ok());
  EXPECT_EQ(fake_.writes()[before].first, RegisterOffset::kMode);
}

TEST_F(RingCardTest, RefusesMasqueradePortsThatOverlap) {
  CardSettings settings;
  settings.configuration.masquerade_ports = {.base = 0xc001, .mask = 0x3fff};
  const absl::Status status = card_->Configure(settings);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("base 0xc001 and mask 0x3fff share bits"));
}

TEST_F(RingCardTest, HealthTellsWhatTheRegistersSay) {
  fake_.faults.stuck_registers = {
      {RegisterOffset::kCyclesLow, 5},
      {RegisterOffset::kCyclesHigh, 1},
      {RegisterOffset::kError, 8},
      {RegisterOffset(uint32_t(RegisterOffset::kStatistics) + 4 * 63), 77},
  };
  const auto health = card_->Health();
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->cycles, 0x100000005u);
  EXPECT_EQ(health->error_bits, 8u);
  ASSERT_EQ(health->statistics.size(), 64u);
  EXPECT_EQ(health->statistics[63], 77u);
  EXPECT_NE(card_->Health()->heartbeat, health->heartbeat);
}

}  // namespace
}  // namespace pointsman
