// A card that lies about a row while its rings work, without ports: software carries what it hands
// over until it is loaded again. The cards are fakes in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "host/cardd/failover_card.h"
#include "tests/host/cardd/failover_world.h"

namespace pointsman::cardd {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kLyingRow = 7;

class PuntModeTest : public testing::Test {
 protected:
  void Open(const FailoverOptions& options = {}) {
    card_.reset();
    auto source = std::make_unique<FakeSource>(rack_);
    auto card = AwaitCard(*source);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = std::make_unique<FailoverCard>(std::move(source), *std::move(card), nullptr, options);
    settings_ = {.mode = Mode::kOffload, .configuration = image_.configuration, .tick = 1000};
    ASSERT_EQ(card_->Configure(settings_), absl::OkStatus());
    ASSERT_EQ(card_->Write(MakePlan(EmptyImage(kSimSizes), image_).writes), absl::OkStatus());
    fake().Tell(Event(EventKind::kLearn, 1000, 5, kGoneEndpoint));
    fake().Tell(Event(EventKind::kLearn, 1001, 7));
    fake().Tell(Event(EventKind::kExpire, 1001, 7));
    fake().Tell(Event6(EventKind::kLearn, 1000, 5));
    EXPECT_EQ(Poll().events.size(), 3);
  }

  FakeCard& fake() { return *rack_.fake; }

  // What is written reads back differently from now on.
  void CardLies() {
    fake().faults.decaying_row = {TableId::kEndpoints, kLyingRow};
    const std::vector<RowWrite> rows = {{TableId::kEndpoints, kLyingRow, {8}}};
    EXPECT_EQ(card_->Write(rows), absl::OkStatus());
  }

  CardOutput Poll() {
    auto output = card_->Poll();
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? *std::move(output) : CardOutput{};
  }
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

  // At a port of the card.
  void Arrive(Port ingress, const FrameBytes& frame) {
    ASSERT_EQ(fake().Register(RegisterOffset::kMode), uint32_t(Mode::kPunt));
    ASSERT_TRUE(fake().Punt(
        {.verdict = Verdict::kPunt, .reason = Reason::kModePunt, .ingress = ingress}, frame));
  }
  void ArriveTcp(Port ingress, const FlowKey& key, uint8_t flags = kTcpAck) {
    Arrive(ingress, Frame(key, flags));
  }

  // What has left since the last call, of the next Poll too.
  struct Left {
    FlowKey key;
    Port egress;
    friend bool operator==(const Left&, const Left&) = default;
  };
  std::vector<Left> TakeLeft() {
    Poll();
    std::vector<Left> left;
    for (const auto& [line, frame] : std::exchange(fake().transmitted, {})) {
      const Parsed parsed = Parse(frame);
      const FlowKey key = parsed.kind == ParseKind::kTuple
                              ? ToFlowKey(parsed.tuple)
                              : ToFlowKey(ParseOther(frame, false).tuple);
      left.push_back({key, line.egress});
    }
    return left;
  }

  uint32_t Count(Statistic statistic) {
    return card_->Health().value().statistics.at(static_cast<size_t>(statistic));
  }

  Rack rack_;
  const Image image_ = World();
  CardSettings settings_;
  std::unique_ptr<FailoverCard> card_;
};

TEST_F(PuntModeTest, SoftwareGoesOnWithTheCardsConnections) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const uint32_t lost = Poll().events_lost;
  ASSERT_NO_FATAL_FAILURE(CardLies());
  EXPECT_EQ(fake().Register(RegisterOffset::kMode), uint32_t(Mode::kPunt));
  EXPECT_EQ(card_->status().carrier(), Carrier::kSoftware);
  EXPECT_NE(card_->status().state, CardState::kReady);
  EXPECT_TRUE(card_->status().forwards());
  EXPECT_THAT(card_->status().last_failure, HasSubstr("endpoints[7] reads back differently"));
  EXPECT_EQ(Poll().events_lost, lost + 1);

  // In the middle of connections whose endpoint nobody could find again, and one that begins.
  const FlowKey answer{kGoneEndpoint, kClient, 8080, 1000};
  const FlowKey answer6{kEndpoint6, kClient6, 8080, 1000};
  ArriveTcp(Port::kUplink, Original(1000));
  ArriveTcp(Port::kNode, answer);
  ArriveTcp(Port::kUplink, Original6(1000));
  ArriveTcp(Port::kNode, answer6);
  ArriveTcp(Port::kUplink, Original(40000), kTcpSyn);
  ArriveTcp(Port::kNode, {kEndpoint, kClient, 8080, 40000}, kTcpSyn | kTcpAck);
  const FlowKey nobodys{Ipv4Address{0x0a000009}, Ipv4Address{0x0a00000a}, 1, 2};
  ArriveTcp(Port::kNode, nobodys);
  const std::vector<Left> left = TakeLeft();
  ASSERT_EQ(left.size(), 7);
  EXPECT_EQ(left[0].key, (FlowKey{kClient, kGoneEndpoint, 1000, 8080}));
  EXPECT_EQ(left[1], (Left{{kService, kClient, 80, 1000}, Port::kUplink}));
  EXPECT_EQ(left[2], (Left{{kClient6, kEndpoint6, 1000, 8080}, Port::kNode}));
  EXPECT_EQ(left[3].key, (FlowKey{kService6, kClient6, 80, 1000}));
  EXPECT_EQ(left[4], (Left{{kClient, kEndpoint, 40000, 8080}, Port::kNode}));
  EXPECT_EQ(left[5], (Left{{kService, kClient, 80, 40000}, Port::kUplink}));
  EXPECT_EQ(left[6], (Left{nobodys, Port::kUplink}));
  EXPECT_EQ(Count(Statistic::kForwarded), 6);
  EXPECT_EQ(Count(Statistic::kPassed), 1);
  EXPECT_EQ(Count(Statistic::kLearned), 1);
  EXPECT_EQ(card_->Read(TableId::kFrontendCounters, 3, 1).value()[0],
            PackRow(FrontendCounterRow{.packets = 6, .bytes = 4 * 54 + 2 * 74}));
  EXPECT_EQ(ReplyIn(*card_, Original(1000)), answer);
  EXPECT_EQ(ReplyIn(*card_, Original6(1000)), answer6);
  EXPECT_EQ(ReplyIn(*card_, Original(40000)), (FlowKey{kEndpoint, kClient, 8080, 40000}));
  EXPECT_EQ(ReplyIn(*card_, Original(1001)), std::nullopt);
}

TEST_F(PuntModeTest, WhatIsTheHostsGoesToTheUser) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(CardLies());
  Poll();
  TcpSpec fragment{.source_port = 1000};
  fragment.ip = {.source = kClient, .destination = kService, .fragment = 0x2000};
  Arrive(Port::kUplink, BuildTcp(fragment));
  const CardOutput output = Poll();
  ASSERT_EQ(output.punts.size(), 1);
  EXPECT_EQ(output.punts[0].line.reason, Reason::kFragment);
  EXPECT_EQ(output.punts[0].line.ingress, Port::kUplink);
  EXPECT_EQ(output.punts[0].frame, BuildTcp(fragment));

  // As the software path answers: as it is, and a packet that is given back.
  const FrameBytes as_it_is = Frame({kEndpoint, kClient, 1, 2}, kTcpRst);
  InjectedFrame sent{.line = {}, .frame = as_it_is};
  sent.line.action = InjectAction::kTransmit;
  sent.line.egress = Port::kUplink;
  const FrameBytes again = Frame(Original(1000), kTcpAck);
  ASSERT_EQ(card_->Inject(std::vector<InjectedFrame>{sent, {.line = {}, .frame = again}}),
            absl::OkStatus());
  ASSERT_EQ(fake().transmitted.size(), 2);
  EXPECT_EQ(fake().transmitted[0].second, as_it_is);
  EXPECT_EQ(fake().transmitted[0].first.egress, Port::kUplink);
  EXPECT_EQ(ToFlowKey(Parse(fake().transmitted[1].second).tuple),
            (FlowKey{kClient, kGoneEndpoint, 1000, 8080}));
}

TEST_F(PuntModeTest, TheCardIsLoadedWhereItIsAndCarriesOn) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const std::vector<RowWrite> stale = {
      {TableId::kOriginals, 4, PackRow(OriginalRow{.valid = true, .key = {}, .reply_row = 9})}};
  ASSERT_EQ(card_->Write(stale), absl::OkStatus());
  ASSERT_NO_FATAL_FAILURE(CardLies());
  const RowWrite changed{.table = TableId::kEndpoints, .index = 9, .row = {5}};
  ASSERT_EQ(card_->Write({&changed, 1}), absl::OkStatus());
  EXPECT_NE(fake().Row(changed.table, changed.index), changed.row);  // the port needs no tables

  // As long as it lies nothing is lost, however often it is tried.
  ASSERT_TRUE(PollUntil([&] { return card_->status().failures >= 3; }));
  for (uint16_t i = 0; i < 600; ++i) {
    ArriveTcp(Port::kUplink, Original(1000));
    ArriveTcp(Port::kUplink, Original(static_cast<uint16_t>(40000 + i)), kTcpSyn);
    ArriveTcp(Port::kNode, {kGoneEndpoint, kClient, 8080, 1000});
    EXPECT_EQ(TakeLeft().size(), 3) << i;
  }
  EXPECT_EQ(card_->status().carrier(), Carrier::kSoftware);
  const uint32_t forwarded = Count(Statistic::kForwarded);
  EXPECT_EQ(forwarded, 1800);

  fake().faults = {};
  const int begun = rack_.begun;
  const uint32_t lost = Poll().events_lost;
  ASSERT_TRUE(ComesBack());
  EXPECT_EQ(rack_.begun, begun);
  EXPECT_EQ(Poll().events_lost, lost + 1);
  EXPECT_EQ(card_->status().carrier(), Carrier::kCard);
  EXPECT_EQ(fake().Register(RegisterOffset::kMode), uint32_t(Mode::kOffload));
  EXPECT_EQ(fake().Row(changed.table, changed.index), changed.row);
  EXPECT_EQ(card_->status().connections_moved, 602);
  EXPECT_EQ(card_->status().connections_left, 0);
  EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
  EXPECT_EQ(ReplyIn(*card_, Original6(1000)), (FlowKey{kEndpoint6, kClient6, 8080, 1000}));
  EXPECT_EQ(ReplyIn(*card_, Original(40599)), (FlowKey{kEndpoint, kClient, 8080, 40599}));
  uint32_t rows = 0;
  const auto held = card_->Read(TableId::kOriginals, 0, kSimSizes.originals);
  ASSERT_TRUE(held.ok()) << held.status();
  for (const RowBits& row : *held) {
    rows += UnpackRow<OriginalRow>(row).valid ? 1 : 0;
  }
  EXPECT_EQ(rows, 601) << "of these, and none that it held before";
  EXPECT_EQ(Count(Statistic::kForwarded), forwarded);

  // It lies again.
  ASSERT_NO_FATAL_FAILURE(CardLies());
  ArriveTcp(Port::kUplink, Original(40599));
  EXPECT_EQ(TakeLeft(), (std::vector<Left>{{{kClient, kEndpoint, 40599, 8080}, Port::kNode}}));
}

// What the card told while it became a port, and what it tells of packets that it no longer sees.
TEST_F(PuntModeTest, EventsOfTheMomentCount) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(CardLies());
  const uint32_t lost = Poll().events_lost;
  fake().Tell(Event(EventKind::kLearn, 1002, 9, kGoneEndpoint));
  fake().Tell(Event(EventKind::kExpire, 1000, 5, kGoneEndpoint));
  fake().WriteStatus();
  const CardOutput output = Poll();
  EXPECT_EQ(output.events.size(), 0);
  EXPECT_EQ(output.events_lost, lost + 1) << "it is to be read again";
  for (const uint16_t port : {1000, 1002}) {
    EXPECT_EQ(ReplyIn(*card_, Original(port)), (FlowKey{kGoneEndpoint, kClient, 8080, port}));
  }
}

TEST_F(PuntModeTest, APortThatFailsIsGivenUp) {
  const struct {
    const char* what;
    std::function<void(FakeCard&)> cause;
    const char* message;
  } faults[] = {
      {"all ones", [](FakeCard& fake) { fake.faults.all_ones = true; }, "all ones"},
      {"clock stands", [](FakeCard& fake) { fake.faults.heartbeat_stuck = true; }, "stands at"},
      {"inject ring", [](FakeCard& fake) { fake.faults.inject_hangs = true; }, "inject ring"},
      {"impossible punt",
       [](FakeCard& fake) { fake.faults.damage_punt = [](PuntLine& line) { line.length = 3; }; },
       "punt ring"},
  };
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault.what);
    rack_.refusals = 0;
    ASSERT_NO_FATAL_FAILURE(Open());
    ASSERT_NO_FATAL_FAILURE(CardLies());
    ArriveTcp(Port::kUplink, Original(40000), kTcpSyn);
    EXPECT_EQ(TakeLeft().size(), 1);
    rack_.refusals = 1 << 30;
    fault.cause(fake());
    for (int i = 0; i < 200 && card_->status().punts; ++i) {
      ArriveTcp(Port::kUplink, Original(1000));
      Poll();
      EXPECT_TRUE(card_->Health().ok());
    }
    EXPECT_THAT(card_->status().last_failure, HasSubstr(fault.message));
    EXPECT_EQ(card_->status().carrier(), Carrier::kNobody);
    EXPECT_FALSE(card_->status().forwards());
    EXPECT_EQ(card_->Read(TableId::kFrontendCounters, 3, 1).value()[0] == RowBits{}, false);

    // Another card gets the connections, also those that began at the port.
    const int begun = rack_.begun;
    rack_.refusals = 0;
    ASSERT_TRUE(ComesBack());
    EXPECT_GT(rack_.begun, begun);
    EXPECT_EQ(ReplyIn(*card_, Original(40000)), (FlowKey{kEndpoint, kClient, 8080, 40000}));
    EXPECT_EQ(ReplyIn(*card_, Original(1000)), (FlowKey{kGoneEndpoint, kClient, 8080, 1000}));
  }
}

TEST_F(PuntModeTest, ACardThatDoesNotTakeTheModeIsNoPort) {
  ASSERT_NO_FATAL_FAILURE(Open());
  rack_.refusals = 1 << 30;
  fake().faults.stuck_registers[RegisterOffset::kMode] = uint32_t(Mode::kOffload);
  CardLies();
  EXPECT_EQ(card_->status().carrier(), Carrier::kNobody);
  rack_.refusals = 0;
  EXPECT_TRUE(ComesBack());
}

// One that came back from the dead and lies then.
TEST_F(PuntModeTest, ACardThatLiesWhileItIsLoadedIsAPort) {
  ASSERT_NO_FATAL_FAILURE(Open());
  rack_.refusals = 1;
  rack_.keeps = true;
  fake().faults.all_ones = true;
  EXPECT_TRUE(card_->Health().ok());
  EXPECT_EQ(card_->status().carrier(), Carrier::kNobody);
  fake().faults.all_ones = false;
  fake().faults.decaying_row = {TableId::kEndpoints, 0};
  ASSERT_TRUE(PollUntil([&] { return card_->status().punts; }));
  ArriveTcp(Port::kUplink, Original(1000));
  EXPECT_EQ(TakeLeft().size(), 1);
  fake().faults = {};
  EXPECT_TRUE(ComesBack());
}

TEST_F(PuntModeTest, ItsEndLeavesAWire) {
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(CardLies());
  card_.reset();
  EXPECT_EQ(fake().Register(RegisterOffset::kMode), uint32_t(Mode::kBypass));
}

}  // namespace
}  // namespace pointsman::cardd
