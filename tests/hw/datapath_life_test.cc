// Connection life in the card: states, timeouts, the sweeper, events, admission.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

class LifeTest : public DatapathTest {
 protected:
  static Image ShortLives() {
    Image image = SmallWorld();
    image.configuration.timeouts = {.tcp_unconfirmed = 10,
                                    .tcp_half_open = 20,
                                    .tcp_established = 50,
                                    .tcp_closing = 15,
                                    .tcp_closed = 5,
                                    .udp_unconfirmed = 8,
                                    .udp_established = 30};
    return image;
  }
  explicit LifeTest(const Image& image = ShortLives()) : DatapathTest(image) {}

  void SetTick(uint32_t tick) {
    card_.SetTick(tick);
    pipeline_.SetTick(tick);
    ASSERT_TRUE(card_.AwaitSweep());
    pipeline_.Sweep();
  }

  static DatapathInput Tcp(uint8_t flags, uint16_t port = 40000) {
    TcpSpec spec;
    spec.ip.source = kOutsideClient;
    spec.source_port = port;
    spec.flags = flags;
    return {.frame = BuildTcp(spec)};
  }
  static DatapathInput Udp(uint16_t port) {
    UdpSpec spec;
    spec.ip.source = kOutsideClient;
    spec.source_port = port;
    return {.frame = BuildUdp(spec)};
  }
  static DatapathInput Reply(const DatapathOutput& forwarded, uint8_t flags) {
    DatapathInput reply = ReplyTo(forwarded);
    reply.frame[kTcpFlagsOffset] = flags;
    return reply;
  }

  ConnectionState StateOf(const EventLine& learned) {
    return card_.ReadRow<OriginalRow>(learned.original_row).state;
  }
};

struct Step {
  bool from_reply;
  uint8_t flags;
  ConnectionState state;
};

struct Script {
  const char* name;
  std::vector<Step> steps;
  std::vector<EventKind> events;  // after it was learned
};

class ScriptTest : public LifeTest, public testing::WithParamInterface<Script> {};

TEST_P(ScriptTest, StatesFollowTheFlags) {
  const DatapathOutput first = Compare(Tcp(kTcpSyn));
  const EventLine learned = card_.TakeEvents().at(0);
  EXPECT_EQ(StateOf(learned), ConnectionState::kUnconfirmed);
  for (const Step& step : GetParam().steps) {
    Compare(step.from_reply ? Reply(first, step.flags) : Tcp(step.flags));
    EXPECT_STREQ(Name(StateOf(learned)), Name(step.state));
  }
  const std::vector<EventLine> events = card_.TakeEvents();
  EXPECT_EQ(events.size(), GetParam().events.size());
  for (size_t i = 0; i < events.size() && !HasFailure(); ++i) {
    const bool closes = GetParam().events[i] == EventKind::kClose;
    EventLine expected = learned;
    expected.kind = GetParam().events[i];
    expected.state = closes ? ConnectionState::kClosed : ConnectionState::kEstablished;
    EXPECT_EQ(events[i], expected) << i;
  }
}

using enum ConnectionState;
constexpr auto kEstablish = EventKind::kEstablish, kClose = EventKind::kClose;
constexpr uint8_t kSynAck = kTcpSyn | kTcpAck, kFinAck = kTcpFin | kTcpAck;
INSTANTIATE_TEST_SUITE_P(
    Tcp, ScriptTest,
    testing::Values(Script{"Handshake",
                           {{true, kSynAck, kHalfOpen}, {false, kTcpAck, kEstablished}},
                           {kEstablish}},
                    Script{"NothingFromTheClientConfirms",
                           {{false, kTcpSyn, kUnconfirmed},
                            {false, kTcpAck, kUnconfirmed},
                            {false, kFinAck, kUnconfirmed},
                            {false, kTcpRst, kUnconfirmed}},
                           {}},
                    Script{"PickedUpInTheMiddle", {{true, kTcpAck, kEstablished}}, {kEstablish}},
                    Script{"Refused",
                           {{true, kTcpRst | kTcpAck, kClosed}, {false, kTcpSyn, kHalfOpen}},
                           {kClose}},
                    Script{"ClientClosesFirst",
                           {{true, kSynAck, kHalfOpen},
                            {false, kTcpAck, kEstablished},
                            {false, kFinAck, kClientClosing},
                            {true, kTcpAck, kClientClosing},
                            {false, kFinAck, kClientClosing},
                            {true, kFinAck, kClosed},
                            {false, kTcpAck, kClosed}},
                           {kEstablish, kClose}},
                    Script{"EndpointClosesFirst",
                           {{true, kSynAck, kHalfOpen},
                            {false, kTcpAck, kEstablished},
                            {true, kFinAck, kEndpointClosing},
                            {false, kTcpAck, kEndpointClosing},
                            {false, kFinAck, kClosed}},
                           {kEstablish, kClose}},
                    Script{"ResetAndUsedAgain",
                           {{true, kSynAck, kHalfOpen},
                            {false, kTcpAck, kEstablished},
                            {false, kTcpRst, kClosed},
                            {false, kTcpSyn, kHalfOpen},
                            {true, kTcpRst, kClosed}},
                           {kEstablish, kClose, kClose}}),
    [](const auto& param) { return param.param.name; });

TEST_F(LifeTest, UdpIsConfirmedByAnAnswerOrByALaterPacket) {
  const DatapathOutput first = Compare(Udp(1));
  Compare(Udp(2));
  const std::vector<EventLine> learned = card_.TakeEvents();
  Compare(Udp(2));
  EXPECT_EQ(StateOf(learned[1]), kUnconfirmed);
  UdpSpec answer;
  answer.ip.source = {LoadBe32(first.frame.data() + kDestinationAddressOffset)};
  answer.ip.destination = kOutsideClient;
  answer.source_port = LoadBe16(first.frame.data() + kDestinationPortOffset);
  answer.destination_port = 1;
  Compare({.frame = BuildUdp(answer)});
  EXPECT_EQ(StateOf(learned[0]), kEstablished);
  SetTick(1);
  Compare(Udp(2));
  EXPECT_EQ(StateOf(learned[1]), kEstablished);
}

// One connection a state; each goes one tick after its timeout, and its event says which it was.
TEST_F(LifeTest, EachStateHasItsTimeout) {
  std::map<uint32_t, uint32_t> expected;  // row -> tick of its end
  const auto learned_row = [&] { return card_.TakeEvents().at(0).original_row; };
  SetTick(1000);
  Compare(Tcp(kTcpSyn, 1));
  expected[learned_row()] = 1011;
  const auto open = [&](uint16_t port) {
    const DatapathOutput first = Compare(Tcp(kTcpSyn, port));
    Compare(Reply(first, kSynAck));
    return first;
  };
  open(2);
  expected[learned_row()] = 1021;
  open(3);
  Compare(Tcp(kTcpAck, 3));
  expected[learned_row()] = 1051;
  open(4);
  Compare(Tcp(kFinAck, 4));
  expected[learned_row()] = 1016;
  open(5);
  Compare(Tcp(kTcpRst, 5));
  expected[learned_row()] = 1006;
  Compare(Udp(6));
  expected[learned_row()] = 1009;
  for (uint32_t tick = 1001; tick < 1060; ++tick) {
    SetTick(tick);
    for (const EventLine& event : card_.TakeEvents()) {
      if (event.kind != EventKind::kExpire) continue;
      ASSERT_TRUE(expected.contains(event.original_row));
      EXPECT_EQ(expected[event.original_row], tick) << Name(event.state);
      EXPECT_EQ(card_.ReadRow<OriginalRow>(event.original_row), OriginalRow{});
      EXPECT_EQ(card_.ReadRow<ReplyRow>(event.reply_row), ReplyRow{});
      expected.erase(event.original_row);
    }
  }
  EXPECT_TRUE(expected.empty());
  EXPECT_EQ(pipeline_.connections().size(), 0u);
  EXPECT_TRUE(Compare(Tcp(kTcpSyn, 1)).learned);
}

TEST_F(LifeTest, PacketsKeepAConnectionAliveAndTheTickWraps) {
  SetTick(kTickMask - 20);
  const DatapathOutput first = Compare(Tcp(kTcpSyn));
  Compare(Reply(first, kTcpAck));
  for (uint32_t i = 0; i < 4; ++i) {
    SetTick((kTickMask - 20 + 40 * (i + 1)) & kTickMask);
    EXPECT_FALSE(Compare(i % 2 == 0 ? Tcp(kTcpAck) : Reply(first, kTcpAck)).learned);
  }
  SetTick((kTickMask - 20 + 4 * 40 + 51) & kTickMask);
  EXPECT_TRUE(Compare(Tcp(kTcpAck)).learned);
}

// A row that the host has taken away is nobody's: its state goes, and neither event nor count stay.
TEST_F(LifeTest, TheHostsDeletionsLeaveNothingBehind) {
  Compare(Tcp(kTcpSyn));
  const EventLine learned = card_.TakeEvents().at(0);
  card_.WriteRow(learned.original_row, OriginalRow{});
  card_.WriteRow(learned.reply_row, ReplyRow{});
  card_.Drain();
  pipeline_.connections().Clear();
  SetTick(100);
  EXPECT_TRUE(card_.TakeEvents().empty());
  EXPECT_TRUE(Compare(Tcp(kTcpSyn)).learned);
}

// The sweeper works beside packets in every clock: the connections of the packets live on, the rest
// goes, and every packet is forwarded.
TEST_F(LifeTest, SweepsUnderFullTraffic) {
  for (uint16_t port = 0; port < 500; ++port) card_.Send(Tcp(kTcpSyn, port));
  card_.Drain();
  card_.TakeEvents();
  card_.SetTick(12);
  for (int i = 0; i < 3000; ++i) {
    card_.Send(Tcp(kTcpSyn, static_cast<uint16_t>(i % 7)));
  }
  size_t forwarded = 0, learned = 0;
  for (const DatapathOutput& output : card_.Drain()) {
    forwarded += output.verdict == Verdict::kForward;
    learned += output.learned;
  }
  EXPECT_EQ(forwarded, 3000u);
  EXPECT_EQ(learned, 0u);
  ASSERT_TRUE(card_.AwaitSweep());
  std::set<uint32_t> rows;
  for (const EventLine& event : card_.TakeEvents()) {
    EXPECT_EQ(event.kind, EventKind::kExpire);
    EXPECT_GE(event.original.source_port, 7);
    EXPECT_TRUE(rows.insert(event.original_row).second);
  }
  EXPECT_EQ(rows.size(), 493u);
}

// One of the sweepers is left with packets of the two families in turn, in every clock: those of
// the other family are in its way too, and it gets its free clocks.
TEST_F(LifeTest, SweepsBesideBothFamiliesInTurn) {
  constexpr int kPairs = 10'000;
  constexpr uint64_t kLeftCycles = 200;  // of the sweep, when the packets begin
  UdpSpec spec;
  spec.ip.source = kOutsideClient;
  const DatapathInput ipv4{.frame = BuildUdp(spec)};
  const DatapathInput ipv6{.frame = BuildUdp({.source = In(IpFamily::kIpv6, kOutsideClient),
                                              .destination = In(IpFamily::kIpv6, kService)},
                                             spec)};
  ASSERT_TRUE(Compare(ipv4).learned);
  ASSERT_TRUE(Compare(ipv6).learned);
  const uint64_t before = card_.cycles();
  SetTick(1);
  const uint64_t sweep_cycles = card_.cycles() - before;
  card_.SetTick(2);
  for (uint64_t i = 0; i + kLeftCycles < sweep_cycles; ++i) card_.Clock();
  for (int i = 0; i < kPairs; ++i) {
    card_.Send(ipv4);
    card_.Send(ipv6);
  }
  const uint64_t begin = card_.cycles();
  ASSERT_TRUE(card_.AwaitSweep());
  EXPECT_LT(card_.cycles() - begin, 2u * kPairs);
  EXPECT_EQ(card_.Drain().size(), 2u * kPairs);
}

class QuotaTest : public LifeTest {
 protected:
  static constexpr uint32_t kQuota = 100;
  static constexpr uint32_t kMargin = 32;  // packets that are decided before the count is seen
  static Image WithQuota() {
    Image image = ShortLives();
    image.configuration.unconfirmed_quota = kQuota;
    return image;
  }
  QuotaTest() : LifeTest(WithQuota()) {}
};

// A flood of one million spoofed first packets to one Service, in every clock.
TEST_F(QuotaTest, AFloodLeavesOtherServicesAndEstablishedConnectionsAlone) {
  const DatapathOutput established = Compare(Tcp(kTcpSyn, 1));
  Compare(Reply(established, kSynAck));
  Compare(Tcp(kTcpAck, 1));
  constexpr uint32_t kFlood = 1'000'000, kBurst = 10'000;
  size_t admitted = 0, dropped = 0;
  for (uint32_t sent = 0; sent < kFlood; sent += kBurst) {
    for (uint32_t i = 0; i < kBurst; ++i) {
      card_.Send(TcpTo(kService, static_cast<uint16_t>(i), {0x0b000000 + sent + i}));
    }
    // Beside it: the established connection, and a new one to another Service, which answers.
    card_.Send(Tcp(kTcpAck, 1));
    card_.Send(TcpTo(kMasqueraded, static_cast<uint16_t>(2 + sent / kBurst)));
    const std::vector<DatapathOutput> outputs = card_.Drain();
    ASSERT_EQ(outputs.size(), kBurst + 2);
    for (uint32_t i = 0; i < kBurst; ++i) {
      admitted += outputs[i].learned;
      dropped += outputs[i].reason == Reason::kUnconfirmedQuota;
    }
    ASSERT_EQ(outputs[kBurst].verdict, Verdict::kForward);
    ASSERT_FALSE(outputs[kBurst].learned);
    ASSERT_TRUE(outputs[kBurst + 1].learned) << Name(outputs[kBurst + 1].reason);
    card_.Process(Reply(outputs[kBurst + 1], kSynAck));
  }
  EXPECT_GE(admitted, kQuota);
  EXPECT_LE(admitted, kQuota + kMargin);
  EXPECT_EQ(admitted + dropped, kFlood);
  // The flood's connections end, and the Service takes new ones again.
  card_.SetTick(11);
  ASSERT_TRUE(card_.AwaitSweep());
  EXPECT_TRUE(card_.Process(Tcp(kTcpSyn, 2)).learned);
}

TEST_F(QuotaTest, CountsAsThePipelineDoes) {
  for (uint32_t i = 0; i < 3 * kQuota; ++i) {
    const DatapathOutput output = Compare(Tcp(kTcpSyn, static_cast<uint16_t>(i)));
    EXPECT_EQ(output.learned, i < kQuota + kQuota / 4) << i;
    if (output.learned && i % 5 == 0) Compare(Reply(output, kSynAck));
  }
}

}  // namespace
}  // namespace pointsman
