// Cards that are dead, wrong, slow or lying: each gives its own error, and none is used on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "driver/ring_card.h"
#include "tests/driver/card_fixture.h"

namespace pointsman {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

const std::vector<uint8_t> kFrame(60, 0x11);

class CardOpenFaultTest : public CardFixture {};

TEST_F(CardOpenFaultTest, BringUpRefuses) {
  struct Case {
    const char* what;
    std::function<void(FakeFaults&)> cause;
    StatusCode code;
    const char* message;
  };
  using enum RegisterOffset;
  const Case cases[] = {
      {"dead", [](FakeFaults& f) { f.all_ones = true; }, StatusCode::kUnavailable,
       "register magic reads all ones: no card answers"},
      {"another kernel", [](FakeFaults& f) { f.stuck_registers[kMagic] = 0; },
       StatusCode::kFailedPrecondition,
       "register magic is 0x00000000, expected 0x5054534d: this is no Pointsman card"},
      {"another layout", [](FakeFaults& f) { f.stuck_registers[kLayoutHash] = 0x12345678; },
       StatusCode::kFailedPrecondition,
       "register layout-hash is 0x12345678, this driver is built for"},
      {"clock stopped", [](FakeFaults& f) { f.heartbeat_stuck = true; }, StatusCode::kUnavailable,
       "register heartbeat stands at 0xa5000000 for 20 ms"},
      {"heartbeat damaged", [](FakeFaults& f) { f.stuck_registers[kHeartbeat] = 0x01000000; },
       StatusCode::kUnavailable, "register heartbeat is 0x01000000, its top byte should be 0xa5"},
      {"no description", [](FakeFaults& f) { f.stuck_registers[kDescriptionBytes] = 0; },
       StatusCode::kInvalidArgument, "register description-bytes is 0, expected 1..32768"},
      {"a huge description",
       [](FakeFaults& f) { f.stuck_registers[kDescriptionBytes] = 0x7fffffff; },
       StatusCode::kInvalidArgument, "register description-bytes is 2147483647"},
      {"a damaged description", [](FakeFaults& f) { f.stuck_registers[kRom] = 0; },
       StatusCode::kInvalidArgument, "card description:"},
      {"a mode that stays", [](FakeFaults& f) { f.stuck_registers[kMode] = 2; },
       StatusCode::kDataLoss, "register mode reads back differently: written 0x0, read 0x2"},
      {"an address that stays", [](FakeFaults& f) { f.stuck_registers[kPuntAddressHigh] = 0; },
       StatusCode::kDataLoss, "register punt-address-high reads back differently"},
      {"refused ring sizes", [](FakeFaults& f) { f.stuck_registers[kError] = 1; },
       StatusCode::kInternal, "register error after the rings' start: error is 0x1: ring-size"},
      {"no answers", [](FakeFaults& f) { f.commands_until_hang = 0; },
       StatusCode::kDeadlineExceeded,
       "command ring: no answer for 20 ms, command-head stands at 0 of 13"},
      {"a hash key that decays",
       [](FakeFaults& f) {
         f.decaying_row = {TableId::kHashKeys, 100};
       },
       StatusCode::kDataLoss, "hash-keys[100] reads back differently"},
  };
  for (const Case& c : cases) {
    fake_.faults = {};
    c.cause(fake_.faults);
    const absl::Status status = Open();
    EXPECT_EQ(status.code(), c.code) << c.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.what;
    EXPECT_EQ(fake_.Register(kRingEnable), 0u) << c.what;
  }
  fake_.faults = {};
  EXPECT_TRUE(Open().ok());
}

TEST_F(CardOpenFaultTest, NamesTheCompatibleStringItDoesNotKnow) {
  FakeCard fake(WithText(SimulationBlob(), "/", "compatible", "pointsman,card-9"));
  const auto card = RingCard::Open(fake.Connect(), SmallRings());
  EXPECT_TRUE(absl::IsInvalidArgument(card.status())) << card.status();
  EXPECT_THAT(std::string(card.status().message()),
              HasSubstr("/: compatible is \"pointsman,card-9\", this driver knows"));
}

TEST_F(CardOpenFaultTest, RefusesRingSizes) {
  RingCardOptions options = SmallRings();
  options.rings.punt_lines_log2 = 7;
  const auto card = RingCard::Open(fake_.Connect(), options);
  EXPECT_TRUE(absl::IsInvalidArgument(card.status())) << card.status();
  EXPECT_EQ(std::string(card.status().message()), "punt ring: lines-log2 is 7, expected 8..20");
}

class CardFaultTest : public CardFixture {
 protected:
  void SetUp() override { ASSERT_TRUE(Open().ok()); }

  static std::vector<RowWrite> Rows(uint32_t count) {
    std::vector<RowWrite> rows;
    for (uint32_t i = 0; i < count; ++i) {
      rows.push_back({TableId::kSlots, i, PackRow(SlotRow{.endpoint = i + 1})});
    }
    return rows;
  }
};

TEST_F(CardFaultTest, ARowThatReadsBackDifferentlyIsNamedAndTheCardGoesOn) {
  fake_.faults.decaying_row = {TableId::kSlots, 20};
  const absl::Status status = card_->Write(Rows(40));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("slots[20] reads back differently: written 0x15, read 0x14"));
  fake_.faults = {};
  EXPECT_TRUE(card_->Write(Rows(40)).ok());
}

TEST_F(CardFaultTest, FaultsOfTheCommandRing) {
  struct Case {
    const char* what;
    std::function<void(FakeFaults&)> cause;
    StatusCode code;
    const char* message;
  };
  const Case cases[] = {
      {"a lost answer", [](FakeFaults& f) { f.commands_until_hang = 5; },
       StatusCode::kDeadlineExceeded, "command ring: no answer for 20 ms, command-head stands at"},
      {"gone meanwhile",
       [](FakeFaults& f) {
         f.commands_until_hang = 5;
         f.all_ones = true;
       },
       StatusCode::kUnavailable, "register heartbeat reads all ones"},
      {"refused",
       [](FakeFaults& f) {
         f.damage_response = [](ResponseLine& r) { r.status = CommandStatus::kBadIndex; };
       },
       StatusCode::kInternal, "could not do write of slots[0]: status 4 (bad-index)"},
      {"no status",
       [](FakeFaults& f) {
         f.damage_response = [](ResponseLine& r) { r.status = CommandStatus{0}; };
       },
       StatusCode::kInternal, "could not do write of slots[0]: status 0 (?)"},
      {"another row's answer",
       [](FakeFaults& f) { f.damage_response = [](ResponseLine& r) { r.index += 1; }; },
       StatusCode::kInternal, "the answer to write of slots[0] is for op 1 table 3 row 1"},
      {"another op's answer",
       [](FakeFaults& f) { f.damage_response = [](ResponseLine& r) { r.op = CommandOp::kRead; }; },
       StatusCode::kInternal, "the answer to write of slots[0] is for op 2"},
      {"an answer too many",
       [](FakeFaults& f) { f.damage_status = [](StatusLine& s) { ++s.command_head; }; },
       StatusCode::kInternal, "status line: command-head is"},
      {"an answer fewer than before",
       [](FakeFaults& f) { f.damage_status = [](StatusLine& s) { s.command_head -= 17; }; },
       StatusCode::kInternal, "status line: command-head is"},
      {"an error bit",
       [](FakeFaults& f) {
         f.damage_status = [](StatusLine& s) { s.error = 1u << int(CardError::kBus); };
       },
       StatusCode::kInternal, "status line: error is 0x8: bus"},
  };
  for (const Case& c : cases) {
    fake_.faults = {};
    card_.reset();
    ASSERT_TRUE(Open().ok()) << c.what;
    c.cause(fake_.faults);
    const absl::Status status = card_->Write(Rows(10));
    EXPECT_EQ(status.code(), c.code) << c.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.what;
    fake_.faults = {};
    EXPECT_EQ(card_->Write(Rows(1)), status) << c.what;  // failed until opened anew
    EXPECT_EQ(card_->Poll().status(), status) << c.what;
    EXPECT_EQ(card_->Health().status(), status) << c.what;
  }
}

TEST_F(CardFaultTest, FaultsOfPuntsAndEvents) {
  const auto punt = [](FakeCard& card) { card.Punt({.verdict = Verdict::kPunt}, kFrame); };
  const auto learn = [](FakeCard& card) {
    card.Tell(EventLine{.kind = EventKind::kLearn, .table = uint8_t(TableId::kOriginals)});
  };
  struct Case {
    const char* what;
    std::function<void(FakeCard&)> cause;
    const char* message;
  };
  const Case cases[] = {
      {"short",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { p.length = 13; };
         punt(card);
       },
       "punt ring: line 0: length is 13, expected 14..9216"},
      {"long",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { p.length = 0xffff; };
         punt(card);
       },
       "punt ring: line 0: length is 65535, expected 14..9216"},
      {"lost",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { ++p.sequence; };
         punt(card);
       },
       "punt ring: line 0: sequence is 1, expected 0"},
      {"verdict",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { p.verdict = Verdict{4}; };
         punt(card);
       },
       "punt ring: line 0: verdict is 4, expected 0..3"},
      {"ingress",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { p.ingress = Port{2}; };
         punt(card);
       },
       "punt ring: line 0: ingress is 2, expected 0..1"},
      {"egress",
       [&](FakeCard& card) {
         card.faults.damage_punt = [](PuntLine& p) { p.egress = Port{0xff}; };
         punt(card);
       },
       "punt ring: line 0: egress is 255, expected 0..1"},
      {"longer than said",
       [&](FakeCard& card) {  // the next record shows it
         card.faults.damage_punt = [](PuntLine& p) { p.length = 120; };
         punt(card);
         card.faults.damage_punt = nullptr;
         punt(card);
       },
       "punt ring: line 3: sequence is 286331153, expected 1"},
      {"more lines than the ring",
       [&](FakeCard& card) {
         card.faults.damage_status = [](StatusLine& s) { s.punt_tail = 257; };
         card.WriteStatus();
       },
       "status line: punt-tail is 257, impossible behind 0 in a ring of 256 lines"},
      {"lines taken back",
       [&](FakeCard& card) {
         card.faults.damage_status = [](StatusLine& s) { s.punt_tail = 0xffffffff; };
         card.WriteStatus();
       },
       "status line: punt-tail is 4294967295, impossible"},
      {"event kind",
       [&](FakeCard& card) {
         card.faults.damage_event = [](EventLine& e) { e.kind = EventKind{0}; };
         learn(card);
       },
       "event ring: line 0: kind is 0, expected 1..5"},
      {"event original",
       [&](FakeCard& card) {
         card.faults.damage_event = [](EventLine& e) { e.original_row = kSimSizes.originals; };
         learn(card);
       },
       "event ring: line 0: original-row: originals: rows 32768 to 32769 asked for, the card has "
       "32768"},
      {"event reply",
       [&](FakeCard& card) {
         card.faults.damage_event = [](EventLine& e) { e.reply_row = 0xffffffff; };
         learn(card);
       },
       "event ring: line 0: reply-row: replies: rows 4294967295 to 4294967296 asked for, the card "
       "has 32768"},
      {"event table",
       [&](FakeCard& card) {
         card.faults.damage_event = [](EventLine& e) { e.table = uint8_t(TableId::kReplies); };
         learn(card);
       },
       "event ring: line 0: table is 7, expected that of originals of a family"},
      {"event of no table",
       [&](FakeCard& card) {
         card.faults.damage_event = [](EventLine& e) { e.table = 99; };
         learn(card);
       },
       "event ring: line 0: original-row: the card has no table 99"},
      {"event reply over IPv6",
       [&](FakeCard& card) {
         card.Tell(EventIpv6Line{.kind = EventKind::kLearn,
                                 .table = uint8_t(TableId::kOriginalsIpv6),
                                 .reply_row = kSimSizes.replies_ipv6});
       },
       "event ring: line 0: reply-row: replies-ipv6: rows 8192 to 8193 asked for, the card has "
       "8192"},
      {"more events than the ring",
       [&](FakeCard& card) {
         card.faults.damage_status = [](StatusLine& s) { s.event_tail = 17; };
         card.WriteStatus();
       },
       "status line: event-tail is 17, impossible"},
      {"frames fetched that were not given",
       [&](FakeCard& card) {
         card.faults.damage_status = [](StatusLine& s) { s.inject_head = 1; };
         card.WriteStatus();
       },
       "status line: inject-head is 1, impossible"},
      {"all ones",
       [&](FakeCard& card) {
         card.faults.damage_status = [](StatusLine& s) {
           s = UnpackLine<StatusLine>({~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}});
         };
         card.WriteStatus();
       },
       "status line: error is 0xffffffff: ring-size ring-doorbell inject-record bus ?"},
  };
  for (const Case& c : cases) {
    fake_.faults = {};
    card_.reset();
    ASSERT_TRUE(Open().ok()) << c.what;
    c.cause(fake_);
    const absl::Status status = card_->Poll().status();
    EXPECT_TRUE(absl::IsInternal(status)) << c.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.what;
    fake_.faults = {};
    EXPECT_EQ(card_->Poll().status(), status) << c.what;
    EXPECT_EQ(card_->Inject({{{InjectLine{}, kFrame}}}), status) << c.what;
  }
}

TEST_F(CardFaultTest, InjectWaitsForRoomNoLongerThanTheDeadline) {
  fake_.faults.inject_hangs = true;
  const std::vector<InjectedFrame> frames(200, InjectedFrame{InjectLine{}, kFrame});
  const absl::Status status = card_->Inject(frames);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(std::string(status.message()),
            "inject ring: the card fetched nothing for 20 ms, 0 of 256 lines are free, 2 are "
            "needed");
}

TEST_F(CardFaultTest, HealthTellsADeadCard) {
  ASSERT_TRUE(card_->Health().ok());
  fake_.faults.heartbeat_stuck = true;
  const absl::Status status = card_->Health().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("register heartbeat stands at 0xa5"));
}

TEST_F(CardFaultTest, HealthTellsAPuntRingThatStandsStill) {
  const auto at_cycles = [&](uint32_t cycles) {
    fake_.faults.stuck_registers[RegisterOffset::kCyclesLow] = cycles;
    return card_->Health().status();
  };
  const std::vector<uint8_t> frame(64);
  ASSERT_TRUE(fake_.Punt({}, frame));
  EXPECT_EQ(at_cycles(1'000), absl::OkStatus());
  EXPECT_EQ(at_cycles(9'000'000), absl::OkStatus());

  // A record that is late is none that is lost.
  fake_.faults.punts_hang = true;
  ASSERT_TRUE(fake_.Punt({}, frame));
  EXPECT_EQ(at_cycles(20'000'000), absl::OkStatus());
  fake_.faults.punts_hang = false;
  ASSERT_TRUE(fake_.Punt({}, frame));
  EXPECT_EQ(at_cycles(30'000'000), absl::OkStatus());
  EXPECT_EQ(at_cycles(40'000'000), absl::OkStatus());

  fake_.faults.punts_hang = true;
  ASSERT_TRUE(fake_.Punt({}, frame));
  EXPECT_EQ(at_cycles(50'000'000), absl::OkStatus());
  EXPECT_EQ(at_cycles(52'999'999), absl::OkStatus());
  const absl::Status status = at_cycles(53'000'000);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(std::string(status.message()),
            "punt ring: the card has punted 1 packets, and no record came for 3000000 of its clock "
            "cycles");
}

TEST_F(CardFaultTest, ConfigureNamesTheRegisterThatReadsBackDifferently) {
  fake_.faults.stuck_registers[RegisterOffset::kSlotHashSeed] = 5;
  const absl::Status status = card_->Configure({.mode = Mode::kOffload, .configuration = {}});
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(std::string(status.message()),
            "register slot-hash-seed reads back differently: written 0x0, read 0x5");
}

// The tick moves four times a second: the rest is not written again for it.
TEST_F(CardFaultTest, ConfigureWritesOnlyTheTickWhereOnlyThatIsNew) {
  CardSettings settings{.mode = Mode::kOffload, .configuration = {}};
  ASSERT_TRUE(card_->Configure(settings).ok());
  fake_.faults.stuck_registers[RegisterOffset::kSlotHashSeed] = 5;
  settings.tick = 7;
  EXPECT_TRUE(card_->Configure(settings).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 7u);
  settings.configuration.slot_hash_seed = 1;
  EXPECT_TRUE(absl::IsDataLoss(card_->Configure(settings)));
}

}  // namespace
}  // namespace pointsman
