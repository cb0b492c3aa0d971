// A card that fails and comes back, with ports that stand by and without. The cards are fakes in
// memory, the ports DPDK's, from which nothing comes: frames come by the inject queue.
#include "host/cardd/failover_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <thread>
#include <variant>
#include <vector>

#include "host/ports/port_card.h"
#include "tests/host/cardd/failover_world.h"

namespace pointsman::cardd {
namespace {

using ::testing::HasSubstr;

// DPDK can be brought up once, so all tests have the same ports.
class LentPorts : public StandbyCard {
 public:
  explicit LentPorts(StandbyCard& ports) : ports_(ports) {}
  const CardDescription& description() const override { return ports_.description(); }
  absl::Status Write(std::span<const RowWrite> rows) override { return ports_.Write(rows); }
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                            uint32_t count) override {
    return ports_.Read(table, index, count);
  }
  absl::Status Configure(const CardSettings& settings) override {
    return ports_.Configure(settings);
  }
  absl::Status Inject(std::span<const InjectedFrame> frames) override {
    return ports_.Inject(frames);
  }
  absl::StatusOr<CardOutput> Poll() override { return ports_.Poll(); }
  absl::StatusOr<CardHealth> Health() override { return ports_.Health(); }
  absl::Status StandBy(bool stand_by) override { return ports_.StandBy(stand_by); }
  absl::Status Follow(std::span<const ConnectionChange> changes) override {
    return ports_.Follow(changes);
  }

 private:
  StandbyCard& ports_;
};

class FailoverCardTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    PortCardOptions options;
    options.ports = {"net_null0,no-rx=1", "net_null1,no-rx=1"};
    options.eal = {"-m", "128"};
    options.frames_per_core = 1024;
    options.sizes = kSimSizes;
    auto ports = OpenPortCard(options);
    ASSERT_TRUE(ports.ok()) << ports.status();
    ports_ = ports->release();
  }
  static void TearDownTestSuite() { delete ports_; }

  void Open(bool with_ports, const FailoverOptions& options = {}) {
    ASSERT_NE(ports_, nullptr);
    card_.reset();
    ASSERT_TRUE(ports_->StandBy(true).ok());
    ForgetAll();
    ASSERT_TRUE(ports_->Poll().ok());
    auto source = std::make_unique<FakeSource>(rack_);
    auto card = AwaitCard(*source);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = std::make_unique<FailoverCard>(
        std::move(source), *std::move(card),
        with_ports ? std::make_unique<LentPorts>(*ports_) : nullptr, options);
    settings_ = {.mode = Mode::kOffload, .configuration = image_.configuration, .tick = 1000};
    ASSERT_EQ(card_->Configure(settings_), absl::OkStatus());
    ASSERT_EQ(card_->Write(MakePlan(EmptyImage(kSimSizes), image_).writes), absl::OkStatus());
    Poll();
  }

  static void ForgetAll() {
    for (const TableId table : {TableId::kOriginals, TableId::kOriginalsIpv6}) {
      const uint32_t rows =
          table == TableId::kOriginals ? kSimSizes.originals : kSimSizes.originals_ipv6;
      auto known = ports_->Read(table, 0, rows);
      ASSERT_TRUE(known.ok()) << known.status();
      for (uint32_t row = 0; row < rows; ++row) {
        if ((*known)[row] == RowBits{}) continue;
        const RowWrite zero{.table = table, .index = row};
        ASSERT_TRUE(ports_->Write({&zero, 1}).ok());
      }
    }
  }

  CardOutput Poll() {
    auto output = card_->Poll();
    EXPECT_TRUE(output.ok()) << output.status();
    if (!output.ok()) return {};
    std::ranges::copy(output->without_room, std::back_inserter(without_room_));
    return *std::move(output);
  }

  // Polls until `enough` or ten seconds.
  bool PollUntil(const std::function<bool()>& enough) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!enough()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      Poll();
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }
  bool ComesBack() {
    return PollUntil([this] { return card_->status().state == CardState::kReady; });
  }

  void CardDies() {
    rack_.refusals = 1 << 30;
    rack_.fake->faults.all_ones = true;
    EXPECT_TRUE(card_->Health().ok());
    EXPECT_NE(card_->status().state, CardState::kReady);
  }

  uint32_t Count(Statistic statistic) {
    return card_->Health().value().statistics.at(static_cast<size_t>(statistic));
  }

  void Send(const FlowKey& key, uint8_t flags) {
    const FrameBytes bytes = Frame(key, flags);
    const InjectedFrame frame{.line = {}, .frame = bytes};
    ASSERT_EQ(card_->Inject({&frame, 1}), absl::OkStatus());
  }

  static StandbyCard* ports_;
  Rack rack_;
  const Image image_ = World();
  CardSettings settings_;
  std::unique_ptr<FailoverCard> card_;
  std::vector<std::variant<Connection, ConnectionIpv6>> without_room_;  // of all polls
};
StandbyCard* FailoverCardTest::ports_ = nullptr;

TEST_F(FailoverCardTest, PortsGoOnWithTheCardsConnections) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5, kGoneEndpoint));
  rack_.fake->Tell(Event(EventKind::kLearn, 1001, 7));
  rack_.fake->Tell(Event(EventKind::kExpire, 1001, 7));
  rack_.fake->Tell(Event6(EventKind::kLearn, 1000, 5));
  rack_.fake->WriteStatus();
  EXPECT_EQ(Poll().events.size(), 3);
  const uint32_t lost = Poll().events_lost;
  CardDies();
  EXPECT_EQ(Poll().events_lost, lost + 1);
  EXPECT_THAT(card_->status().last_failure, HasSubstr("all ones"));
  EXPECT_TRUE(card_->status().forwards());

  // Packets in the middle of connections whose endpoint nobody could find again.
  const uint32_t forwarded = Count(Statistic::kForwarded);
  Send(Original(1000), kTcpAck);
  Send({kGoneEndpoint, kClient, 8080, 1000}, kTcpAck);
  Send(Original6(1000), kTcpAck);
  EXPECT_TRUE(PollUntil([&] { return Count(Statistic::kForwarded) == forwarded + 3; }));
  EXPECT_EQ(Count(Statistic::kLearned), 0);
  EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
  EXPECT_EQ(ReplyIn(*card_, Original6(1000)), (FlowKey{kEndpoint6, kClient6, 8080, 1000}));
  EXPECT_EQ(ReplyIn(*card_, Original(1001)), std::nullopt);
}

TEST_F(FailoverCardTest, TheCardComesBackWithAllConnections) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  for (uint16_t i = 0; i < 600; ++i) rack_.fake->Tell(Event(EventKind::kLearn, 2000 + i, 2 * i));
  rack_.fake->Tell(Event6(EventKind::kLearn, 2000, 5));
  rack_.fake->WriteStatus();
  Poll();
  CardDies();
  Poll();
  Send(Original(40000), kTcpSyn);  // begins in software
  ASSERT_TRUE(PollUntil([&] { return Count(Statistic::kLearned) == 1; }));
  RowWrite changed = *WriteOf(image_, TableId::kEndpoints, 0);
  changed.row[0] ^= uint64_t{1} << 20;
  ASSERT_EQ(card_->Write({&changed, 1}), absl::OkStatus());

  rack_.refusals = 0;
  const uint32_t lost = Poll().events_lost;
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(Poll().events_lost, lost + 1);
  EXPECT_EQ(card_->status().returns, 1);
  EXPECT_EQ(card_->status().connections_moved, 602);
  EXPECT_EQ(rack_.fake->Register(RegisterOffset::kMode), uint32_t(Mode::kOffload));
  EXPECT_EQ(rack_.fake->Row(TableId::kEndpoints, 0), changed.row);
  const RowWrite frontend = MakePlan(EmptyImage(kSimSizes), image_).writes.back();
  EXPECT_EQ(rack_.fake->Row(frontend.table, frontend.index), frontend.row);
  for (const uint16_t port : {2000, 2599, 40000}) {
    EXPECT_EQ(ReplyIn(*card_, Original(port)), (FlowKey{kEndpoint, kClient, 8080, port})) << port;
  }
  EXPECT_EQ(ReplyIn(*card_, Original6(2000)), (FlowKey{kEndpoint6, kClient6, 8080, 2000}));

  // Where the card itself looks for them.
  std::vector<HashKeyRow> keys;
  for (uint32_t row = 0; row < kSimSizes.hash_keys; ++row) {
    keys.push_back(UnpackRow<HashKeyRow>(rack_.fake->Row(TableId::kHashKeys, row)));
  }
  const TabulationHash hash(std::move(keys));
  const BucketGeometry geometry = ConnectionGeometry(kSimSizes.originals);
  uint32_t found = 0;
  for (uint32_t row = 0; row < kSimSizes.originals; ++row) {
    const auto original = UnpackRow<OriginalRow>(rack_.fake->Row(TableId::kOriginals, row));
    if (!original.valid) continue;
    ++found;
    const uint32_t first = geometry.FirstRow(geometry.BankOf(row), hash.Hash(original.key));
    EXPECT_TRUE(row >= first && row < first + geometry.ways) << row;
    EXPECT_EQ(original.state, ConnectionState::kHalfOpen);
    EXPECT_EQ(original.next_hop, 1);
    EXPECT_EQ(original.last_seen, settings_.tick);
    const auto reply = UnpackRow<ReplyRow>(rack_.fake->Row(TableId::kReplies, original.reply_row));
    EXPECT_EQ(reply.next_hop, 2);
  }
  EXPECT_EQ(found, 601);
}

// However long they were silent, before and after.
TEST_F(FailoverCardTest, EstablishedConnectionsStayEstablished) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  for (const uint16_t port : {1000, 1001, 1002}) {
    rack_.fake->Tell(Event(EventKind::kLearn, port, port - 1000));
  }
  rack_.fake->Tell(Event(EventKind::kEstablish, 1001, 1));
  rack_.fake->Tell(Event(EventKind::kEstablish, 1002, 2));
  rack_.fake->Tell(Event(EventKind::kClose, 1002, 2));
  rack_.fake->WriteStatus();
  Poll();
  const auto state = [&](uint16_t port) {
    const auto rows = card_->Read(TableId::kOriginals, 0, kSimSizes.originals);
    for (const RowBits& row : *rows) {
      const auto original = UnpackRow<OriginalRow>(row);
      if (original.valid && ToFlowKey(original.key) == Original(port)) return original.state;
    }
    return ConnectionState::kNone;
  };
  const auto expect = [&] {
    EXPECT_EQ(state(1000), ConnectionState::kHalfOpen);
    EXPECT_EQ(state(1001), ConnectionState::kEstablished);
    EXPECT_EQ(state(1002), ConnectionState::kClosed);
  };
  CardDies();
  expect();
  // One that began while the ports carried, too.
  Send(Original(40000), kTcpSyn);
  Send({kEndpoint, kClient, 8080, 40000}, kTcpSyn | kTcpAck);
  Send(Original(40000), kTcpAck);
  ASSERT_TRUE(PollUntil([&] { return state(40000) == ConnectionState::kEstablished; }));
  Poll();
  rack_.refusals = 0;
  ASSERT_TRUE(ComesBack());
  expect();
  EXPECT_EQ(state(40000), ConnectionState::kEstablished);
}

TEST_F(FailoverCardTest, WhatFindsNoRoomIsTheHosts) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  constexpr uint16_t kConnections = kSimSizes.originals - 256;
  for (uint16_t i = 0; i < kConnections; ++i) {
    rack_.fake->Tell(Event(EventKind::kLearn, 1000 + i, i));
    if (i % 256 != 255) continue;
    rack_.fake->WriteStatus();
    Poll();
  }
  CardDies();
  rack_.refusals = 0;
  ASSERT_TRUE(ComesBack());
  ASSERT_FALSE(without_room_.empty());
  EXPECT_EQ(card_->status().connections_left, without_room_.size());
  EXPECT_EQ(card_->status().connections_moved, kConnections - without_room_.size());
  EXPECT_EQ(rack_.fake->Register(RegisterOffset::kHostProtocols),
            1U << static_cast<int>(HostProtocol::kTcp));
  const auto& rest = std::get<Connection>(without_room_.front());
  const FlowKey original = ToFlowKey(OriginalKey(rest));
  EXPECT_EQ(ToFlowKey(ReplyKey(rest)), (FlowKey{kEndpoint, kClient, 8080, original.source_port}));
  EXPECT_EQ(ReplyIn(*card_, original), std::nullopt);

  // Nobody's else any more, and the next time it is not handed over again.
  CardDies();
  EXPECT_EQ(ReplyIn(*card_, original), std::nullopt);
}

TEST_F(FailoverCardTest, ItFailsAgainAndAgain) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5, kGoneEndpoint));
  rack_.fake->WriteStatus();
  Poll();
  for (int i = 0; i < 4; ++i) {
    CardDies();
    EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
    rack_.refusals = 0;
    ASSERT_TRUE(ComesBack());
    EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
  }
}

TEST_F(FailoverCardTest, WithoutPortsEverythingIsKeptForTheCard) {
  ASSERT_NO_FATAL_FAILURE(Open(false));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5, kGoneEndpoint));
  rack_.fake->WriteStatus();
  Poll();
  CardDies();
  EXPECT_FALSE(card_->status().forwards());
  RowWrite changed = *WriteOf(image_, TableId::kEndpoints, 0);
  changed.row[0] ^= uint64_t{1} << 20;
  EXPECT_EQ(card_->Write({&changed, 1}), absl::OkStatus());
  EXPECT_EQ(card_->Read(TableId::kEndpoints, 0, 1).value()[0], changed.row);
  EXPECT_EQ(card_->Configure(settings_), absl::OkStatus());
  Send(Original(1000), kTcpAck);
  EXPECT_TRUE(card_->Health().ok());
  EXPECT_EQ(card_->Write(std::vector<RowWrite>{{TableId::kSlots, 1 << 30, {}}}).code(),
            absl::StatusCode::kOutOfRange);
  rack_.refusals = 0;
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(rack_.fake->Row(TableId::kEndpoints, 0), changed.row);
  EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
}

TEST_F(FailoverCardTest, EveryFaultIsAFailureOfTheCardAndNotOfTheUser) {
  const struct {
    const char* what;
    std::function<void(FakeCard&)> cause;
    const char* message;
  } faults[] = {
      {"wrong read-back",
       [](FakeCard& fake) {
         fake.faults.decaying_row = {TableId::kEndpoints, 7};
       },
       "endpoints[7] reads back differently"},
      {"no answers", [](FakeCard& fake) { fake.faults.commands_until_hang = 0; }, "no answer"},
      {"all ones", [](FakeCard& fake) { fake.faults.all_ones = true; }, "all ones"},
      {"clock stands", [](FakeCard& fake) { fake.faults.heartbeat_stuck = true; }, "stands at"},
      {"inject ring stuck", [](FakeCard& fake) { fake.faults.inject_hangs = true; }, "inject ring"},
      {"impossible event",
       [](FakeCard& fake) {
         fake.faults.damage_event = [](EventLine& event) { event.original_row = ~0U; };
       },
       "event ring"},
      {"impossible punt",
       [](FakeCard& fake) { fake.faults.damage_punt = [](PuntLine& line) { line.length = 3; }; },
       "punt ring"},
  };
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault.what);
    ASSERT_NO_FATAL_FAILURE(Open(true));
    fault.cause(*rack_.fake);
    rack_.refusals = 1 << 30;
    rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5));
    rack_.fake->Punt({.length = 60, .reason = Reason::kFragment}, std::vector<uint8_t>(60));
    rack_.fake->WriteStatus();
    EXPECT_TRUE(card_->Poll().ok());
    EXPECT_EQ(card_->Write(std::vector<RowWrite>{{TableId::kEndpoints, 7, {8}}}), absl::OkStatus());
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(card_->Health().ok());
    const std::vector<uint8_t> bytes(1500);
    InjectedFrame frame{.line = {}, .frame = bytes};
    frame.line.action = InjectAction::kTransmit;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(card_->Inject({&frame, 1}), absl::OkStatus());
    EXPECT_THAT(card_->status().last_failure, HasSubstr(fault.message));
    EXPECT_NE(card_->status().state, CardState::kReady);
    rack_.refusals = 0;
    rack_.fake->faults = {};  // one that has become a mere port is the same card
    EXPECT_TRUE(ComesBack());
  }
}

TEST_F(FailoverCardTest, RowsThatTheUserStillKnowsMeanTheirConnections) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5));
  rack_.fake->Tell(Event(EventKind::kLearn, 1001, 0));
  rack_.fake->WriteStatus();
  Poll();
  CardDies();
  const std::vector<RowWrite> removal = {{.table = TableId::kOriginals, .index = 5},
                                         {.table = TableId::kReplies, .index = 6}};
  ASSERT_EQ(card_->Write(removal), absl::OkStatus());
  EXPECT_EQ(ReplyIn(*card_, Original(1000)), std::nullopt);
  EXPECT_NE(ReplyIn(*card_, Original(1001)), std::nullopt);
}

TEST_F(FailoverCardTest, LostEventsAreMadeUpFor) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  const FlowKey original = Original(1000);
  const std::vector<RowWrite> rows = {
      {TableId::kReplies, 9,
       PackRow(ReplyRow{.valid = true,
                        .key = ToTuple({kGoneEndpoint, kClient, 8080, 1000}),
                        .original_row = 4})},
      {TableId::kOriginals, 4,
       PackRow(OriginalRow{.valid = true, .key = ToTuple(original), .reply_row = 9})}};
  ASSERT_EQ(card_->Write(rows), absl::OkStatus());
  for (int i = 0; i < 2000; ++i) rack_.fake->Tell(Event(EventKind::kLearn, 1001, 6));
  rack_.fake->WriteStatus();
  EXPECT_GT(Poll().events_lost, 0);
  CardDies();
  EXPECT_NE(ReplyIn(*card_, original), std::nullopt);
  EXPECT_EQ(ReplyIn(*card_, Original(1001)), std::nullopt);
}

TEST_F(FailoverCardTest, ACardThatWentOnKnowsBest) {
  ASSERT_NO_FATAL_FAILURE(Open(false, {.may_hold = true}));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5));
  rack_.fake->WriteStatus();
  Poll();
  const std::vector<RowWrite> rows = {
      {TableId::kReplies, 9,
       PackRow(ReplyRow{.valid = true, .key = ToTuple({kEndpoint, kClient, 8080, 1002})})},
      {TableId::kOriginals, 4,
       PackRow(OriginalRow{.valid = true, .key = ToTuple(Original(1002)), .reply_row = 9})}};
  ASSERT_EQ(card_->Write(rows), absl::OkStatus());
  CardDies();  // or rather who has it open
  rack_.fake->faults.all_ones = false;
  rack_.keeps = true;
  rack_.refusals = 0;
  RowWrite changed = *WriteOf(image_, TableId::kEndpoints, 0);
  changed.row[0] ^= uint64_t{1} << 20;
  ASSERT_EQ(card_->Write({&changed, 1}), absl::OkStatus());
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(rack_.fake->Row(TableId::kEndpoints, 0), changed.row);
  EXPECT_EQ(rack_.fake->Row(TableId::kOriginals, 4), rows[1].row);
  EXPECT_EQ(card_->status().connections_moved, 0);
}

TEST_F(FailoverCardTest, TriesAgainWithPauses) {
  ASSERT_NO_FATAL_FAILURE(Open(true, {.longest_pause = std::chrono::milliseconds(20)}));
  CardDies();
  rack_.refusals = 5;
  const int begun = rack_.begun;
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(rack_.begun, begun + 6);
  EXPECT_EQ(card_->status().failures, 6);
}

// A card that lies is a mere port first, also where there are others.
TEST_F(FailoverCardTest, PortsGoOnWithWhatSoftwareKnewWhoseCardDied) {
  ASSERT_NO_FATAL_FAILURE(Open(true));
  rack_.fake->Tell(Event(EventKind::kLearn, 1000, 5, kGoneEndpoint));
  Poll();
  rack_.fake->faults.decaying_row = {TableId::kEndpoints, 7};
  ASSERT_EQ(card_->Write(std::vector<RowWrite>{{TableId::kEndpoints, 7, {8}}}), absl::OkStatus());
  EXPECT_EQ(card_->status().carrier(), Carrier::kSoftware);
  ASSERT_NO_FATAL_FAILURE(Send(Original(40000), kTcpSyn));
  EXPECT_EQ(rack_.fake->transmitted.size(), 1);
  EXPECT_EQ(Poll().events.size(), 1);
  CardDies();
  EXPECT_EQ(card_->status().carrier(), Carrier::kPorts);
  const uint32_t forwarded = Count(Statistic::kForwarded);
  Send({kGoneEndpoint, kClient, 8080, 1000}, kTcpAck);
  Send({kEndpoint, kClient, 8080, 40000}, kTcpAck);
  EXPECT_TRUE(PollUntil([&] { return Count(Statistic::kForwarded) == forwarded + 2; }));
  rack_.refusals = 0;
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(ReplyIn(*card_, Original(40000)), (FlowKey{kEndpoint, kClient, 8080, 40000}));
}

}  // namespace
}  // namespace pointsman::cardd
