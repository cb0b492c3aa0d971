// Verdicts and rewriting, one packet at a time, against the software pipeline.
#include "flow_tables/big_endian.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

TEST_F(DatapathTest, ForwardsTheFirstPacketRecordsItAndForwardsTheReply) {
  const DatapathOutput first = Compare(TcpTo(kService));
  EXPECT_EQ(first.verdict, Verdict::kForward);
  EXPECT_TRUE(first.learned);
  EXPECT_TRUE(ChecksumsAreRight(first.frame));

  const std::vector<EventLine> events = card_.TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, EventKind::kLearn);
  EXPECT_EQ(events[0].original.source_address, kOutsideClient.value);
  EXPECT_EQ(events[0].endpoint, first.endpoint);
  const auto original = card_.ReadRow<OriginalRow>(events[0].original_row);
  EXPECT_TRUE(original.valid);
  EXPECT_EQ(original.key, events[0].original);
  EXPECT_EQ(original.reply_row, events[0].reply_row);
  EXPECT_EQ(original.endpoint, first.endpoint);
  EXPECT_EQ(original.state, ConnectionState::kUnconfirmed);
  const auto reply = card_.ReadRow<ReplyRow>(events[0].reply_row);
  EXPECT_TRUE(reply.valid);
  EXPECT_EQ(reply.key, events[0].reply);
  EXPECT_EQ(reply.key.source_port, kTargetPort);
  EXPECT_EQ(reply.original_row, events[0].original_row);

  const DatapathOutput second = Compare(TcpTo(kService));
  EXPECT_FALSE(second.learned);
  EXPECT_EQ(second.verdict, Verdict::kForward);
  const DatapathOutput answer = Compare(ReplyTo(first));
  EXPECT_EQ(answer.verdict, Verdict::kForward);
  EXPECT_TRUE(ChecksumsAreRight(answer.frame));
}

struct Expectation {
  const char* name;
  DatapathInput input;
  Verdict verdict;
  Reason reason;
};

std::vector<Expectation> Expectations() {
  std::vector<Expectation> cases;
  const auto add = [&cases](const char* name, FrameBytes frame, Verdict verdict, Reason reason) {
    cases.push_back({name, {.frame = std::move(frame)}, verdict, reason});
  };
  TcpSpec tcp;
  tcp.ip.source = kOutsideClient;
  const auto to = [tcp](Ipv4Address service) {
    TcpSpec spec = tcp;
    spec.ip.destination = service;
    return BuildTcp(spec);
  };
  add("unknown destination", to({0x08080808}), Verdict::kPass, Reason::kNone);
  add("masquerade", to(kMasqueraded), Verdict::kForward, Reason::kNone);
  add("reject", to(kRejecting), Verdict::kPunt, Reason::kReject);
  add("drop", to(kDropping), Verdict::kDrop, Reason::kFrontendDrop);
  add("no endpoint", to(kNoEndpoint), Verdict::kPunt, Reason::kNoEndpoint);
  add("no next hop", to(kNoNextHop), Verdict::kPunt, Reason::kNoNextHop);
  add("no next hop, again", to(kNoNextHop), Verdict::kPunt, Reason::kNoNextHop);
  TcpSpec spec = tcp;
  spec.ip.source = {0x0af40077};
  spec.ip.destination = kDropping;
  add("a local pod is not dropped", BuildTcp(spec), Verdict::kForward, Reason::kNone);
  spec = tcp;
  spec.ip.ttl = 1;
  add("first packet, TTL 1", BuildTcp(spec), Verdict::kPunt, Reason::kTtlExpired);
  spec.ip.ttl = 2;
  add("first packet, TTL 2", BuildTcp(spec), Verdict::kForward, Reason::kNone);
  spec.ip.ttl = 0;
  add("known connection, TTL 0", BuildTcp(spec), Verdict::kPunt, Reason::kTtlExpired);
  spec = tcp;
  spec.ip.fragment = 0x2000;
  add("first fragment", BuildTcp(spec), Verdict::kPunt, Reason::kFragment);
  spec.ip.fragment = 0x0001;
  add("later fragment", BuildTcp(spec), Verdict::kPunt, Reason::kFragment);
  spec.ip.options = {1, 1, 1, 1};
  add("fragment with options", BuildTcp(spec), Verdict::kPunt, Reason::kFragment);
  spec.ip.fragment = 0;
  add("options", BuildTcp(spec), Verdict::kPunt, Reason::kIpOptions);
  for (uint8_t type = 0; type < 16; ++type) {
    const bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    add("icmp", BuildIcmp({.type = type}), error ? Verdict::kPunt : Verdict::kPass,
        error ? Reason::kIcmpError : Reason::kNone);
  }
  IcmpSpec icmp{.type = 3};
  icmp.ip.options = {1, 1, 1, 1};
  add("icmp error with options", BuildIcmp(icmp), Verdict::kPass, Reason::kNone);
  add("another protocol", BuildIpv4({}, 47, std::vector<uint8_t>(30)), Verdict::kPass,
      Reason::kNone);
  add("short TCP", BuildIpv4({}, 6, std::vector<uint8_t>(19)), Verdict::kPass, Reason::kNone);
  add("short UDP", BuildIpv4({}, 17, std::vector<uint8_t>(7)), Verdict::kPass, Reason::kNone);
  FrameBytes frame = to(kService);
  frame[12] = 0x86;
  add("not IPv4", frame, Verdict::kPass, Reason::kNone);
  frame = to(kService);
  frame[14] = 0x65;
  add("version 6", frame, Verdict::kPass, Reason::kNone);
  frame[14] = 0x44;
  add("ihl 16", frame, Verdict::kPass, Reason::kNone);
  frame = to(kService);
  frame[17] = static_cast<uint8_t>(frame.size() - 14 + 1);
  add("total length over the frame", frame, Verdict::kPass, Reason::kNone);
  frame = to(kService);
  frame.resize(33);
  add("33 bytes", frame, Verdict::kPass, Reason::kNone);
  return cases;
}

TEST_F(DatapathTest, GivesEachVerdictAndReason) {
  for (const Expectation& c : Expectations()) {
    SCOPED_TRACE(c.name);
    const DatapathOutput output = Compare(c.input);
    EXPECT_STREQ(Name(output.verdict), Name(c.verdict));
    EXPECT_STREQ(Name(output.reason), Name(c.reason));
  }
}

TEST_F(DatapathTest, ModesAndTransmit) {
  card_.SetMode(Mode::kBypass);
  DatapathOutput output = card_.Process({.frame = TcpTo(kService).frame, .ingress = Port::kNode});
  EXPECT_EQ(output.verdict, Verdict::kPass);
  EXPECT_EQ(output.egress, Port::kUplink);
  EXPECT_EQ(output.frame, TcpTo(kService).frame);
  card_.SetMode(Mode::kPunt);
  output = card_.Process(TcpTo(kService));
  EXPECT_EQ(output.verdict, Verdict::kPunt);
  EXPECT_EQ(output.reason, Reason::kModePunt);
  for (const Mode mode : {Mode::kPunt, Mode::kOffload}) {
    card_.SetMode(mode);
    for (const Port egress : {Port::kUplink, Port::kNode}) {
      output = card_.Process({.frame = TcpTo(kService).frame,
                              .ingress = Port::kNode,
                              .injected = true,
                              .transmit = true,
                              .egress = egress,
                              .attempt = 3,
                              .tag = 77});
      EXPECT_EQ(output.verdict, Verdict::kPass);
      EXPECT_EQ(output.reason, Reason::kNone);
      EXPECT_EQ(output.egress, egress);
      EXPECT_TRUE(output.injected);
      EXPECT_EQ(output.attempt, 3);
      EXPECT_EQ(output.tag, 77u);
    }
  }
  EXPECT_TRUE(card_.TakeEvents().empty());
}

TEST_F(DatapathTest, HairpinIsMasqueraded) {
  for (uint16_t port = 1; port < 20; ++port) {
    const DatapathOutput output = Compare(TcpTo(kService, port, kFirstEndpoint));
    const uint32_t source = LoadBe32(output.frame.data() + 26);
    const uint32_t destination = LoadBe32(output.frame.data() + 30);
    EXPECT_NE(source, destination);
    if (destination == kFirstEndpoint.value) {
      EXPECT_EQ(source, kMasqueradeAddress.value);
      Compare(ReplyTo(output));
    }
  }
}

// Ports are all the same if the mask is 0: the second client finds the reply key taken at every
// attempt that the mask does not tell apart.
TEST_F(DatapathTest, SourcePortTakenAndNextAttempts) {
  Image image = SmallWorld();
  image.configuration.masquerade_ports = {.base = 0x8000, .mask = 0x0003};
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.SetConfiguration(image.configuration);
  int taken = 0;
  for (uint16_t port = 1; port < 30; ++port) {
    for (uint8_t attempt = 0; attempt < 16; ++attempt) {
      DatapathInput input = TcpTo(kMasqueraded, port);
      input.attempt = attempt;
      const DatapathOutput output = Compare(input);
      if (output.verdict == Verdict::kForward) break;
      EXPECT_EQ(output.reason, Reason::kSourcePortTaken);
      ++taken;
    }
  }
  EXPECT_GT(taken, 100);
}

TEST_F(DatapathTest, RetryChangesThePortOfAClientThatKeepsItsAddress) {
  DatapathInput input = TcpTo(kService);
  input.attempt = 2;
  const DatapathOutput output = Compare(input);
  EXPECT_EQ(output.verdict, Verdict::kForward);
  EXPECT_EQ(LoadBe32(output.frame.data() + 26), kOutsideClient.value);
  EXPECT_GE(LoadBe16(output.frame.data() + 34), 0x8000);
}

TEST_F(DatapathTest, UdpChecksums) {
  UdpSpec spec;
  spec.ip.source = kOutsideClient;
  spec.payload = {1, 2, 3};
  spec.without_checksum = true;
  DatapathOutput output = Compare({.frame = BuildUdp(spec)});
  EXPECT_EQ(output.verdict, Verdict::kForward);
  EXPECT_EQ(LoadBe16(output.frame.data() + 40), 0);
  spec.without_checksum = false;
  FrameBytes frame = BuildUdp(spec);
  bool ones = false;
  std::vector<DatapathInput> inputs;
  for (uint32_t checksum = 0; checksum < 0x10000; ++checksum) {
    StoreBe16(frame.data() + 40, static_cast<uint16_t>(checksum));
    StoreBe16(frame.data() + 24, static_cast<uint16_t>(checksum * 7));
    inputs.push_back({.frame = frame});
  }
  for (const DatapathOutput& each : Compare(inputs)) {
    ones = ones || LoadBe16(each.frame.data() + 40) == 0xffff;
  }
  EXPECT_TRUE(ones);
}

TEST_F(DatapathTest, LongFramesAreRewrittenInTheirFirstBeatOnly) {
  std::vector<DatapathInput> inputs;
  for (uint16_t payload = 0; payload < 400; payload += 7) {
    TcpSpec spec;
    spec.source_port = payload % 5;
    for (uint16_t i = 0; i < payload; ++i) spec.payload.push_back(static_cast<uint8_t>(i * 31));
    inputs.push_back({.frame = BuildTcp(spec), .gap_cycles = payload % 3u});
  }
  for (const DatapathOutput& output : Compare(inputs)) {
    EXPECT_EQ(output.verdict, Verdict::kForward);
    EXPECT_TRUE(ChecksumsAreRight(output.frame));
  }
}

}  // namespace
}  // namespace pointsman
