#include "flow_tables/pipeline.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/hash.h"
#include "flow_tables/packet.h"
#include "tests/flow_tables/random.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kOutsideClient{0x0a000001};  // the builder's source
constexpr Ipv4Address kLocalPod{0x0af40005};
constexpr Ipv4Address kEndpoint{0x0af50009};
constexpr Ipv4Address kMasquerade{0xc0a80002};
constexpr Ipv4Address kFrontend{0x0a600001};  // the builder's destination
constexpr NextHop kGateway{Port::kUplink, {0x02000000aa01}, {0x02000000aa02}};
constexpr NextHop kPodHop{Port::kNode, {0x02000000bb01}, {0x02000000bb02}};
constexpr NextHop kEndpointHop{Port::kNode, {0x02000000cc01}, {0x02000000cc02}};
constexpr uint32_t kSeed = 0x12345678;

// One frontend for TCP port 80 and one for UDP port 53, with one endpoint; rows to change.
struct World {
  explicit World(CardSizes sizes = kSimSizes) : builder(sizes) {
    builder.AddNextHop(kGateway);
    const uint16_t pod_hop = builder.AddNextHop(kPodHop);
    const uint16_t endpoint_hop = builder.AddNextHop(kEndpointHop);
    builder.AddEndpoint({0}, 0, 0);
    endpoint = builder.AddEndpoint(kEndpoint, 8080, endpoint_hop);
    builder.AddSource({0x0af40000}, 16, ClientClass::kLocalPod, pod_hop);
    builder.AddSlots({0, 0, 0, 0});
    const uint32_t base = builder.AddSlots({endpoint, endpoint});
    tcp = builder.AddFrontend(Row(6, 80, 11, base));
    udp = builder.AddFrontend(Row(17, 53, 12, base));
    image().configuration.slot_hash_seed = kSeed;
    image().configuration.masquerade_address = kMasquerade;
  }

  static FrontendRow Row(uint8_t protocol, uint16_t port, uint16_t counter, uint32_t base) {
    return {.destination_address = Address(kFrontend).bits(),
            .destination_port = port,
            .protocol = protocol,
            .counter = counter,
            .outside_slots_log2 = 1,
            .outside_slots_base = base,
            .inside_slots_log2 = 1,
            .inside_slots_base = base};
  }

  Image& image() { return builder.image(); }
  FrontendRow& tcp_row() { return image().frontends[tcp]; }
  std::shared_ptr<const Image> Snapshot() { return std::make_shared<const Image>(image()); }

  ImageBuilder builder;
  uint32_t endpoint = 0;
  uint32_t tcp = 0;
  uint32_t udp = 0;
};

Outcome Send(Pipeline& pipeline, FrameBytes& frame, Port ingress = Port::kUplink,
             uint8_t attempt = 0) {
  Packet packet{.frame = frame, .ingress = ingress, .attempt = attempt};
  Outcome outcome;
  pipeline.Process({&packet, 1}, {&outcome, 1});
  return outcome;
}

Outcome Punted(Reason reason, bool learned = false) {
  return {.verdict = Verdict::kPunt, .reason = reason, .learned = learned};
}
Outcome Forwarded(Port egress, uint16_t counter, uint32_t endpoint, bool learned) {
  return {.verdict = Verdict::kForward,
          .egress = egress,
          .learned = learned,
          .frontend_counter = counter,
          .endpoint = endpoint};
}

TcpSpec ClientSpec(Ipv4Address client = kOutsideClient) {
  return {.ip = {.source = client}, .payload = {1, 2, 3}};
}

// What `spec` looks like when it has been translated.
TcpSpec Translated(TcpSpec spec, const NextHop& hop, Ipv4Address source, uint16_t source_port,
                   Ipv4Address destination, uint16_t destination_port) {
  spec.ip.destination_mac = hop.destination_mac;
  spec.ip.source_mac = hop.source_mac;
  spec.ip.source = source;
  spec.ip.destination = destination;
  --spec.ip.ttl;
  spec.source_port = source_port;
  spec.destination_port = destination_port;
  return spec;
}

// The candidate for the source port, word by word as in docs/card.md.
uint16_t Candidate(const TcpSpec& spec, uint32_t attempt) {
  const uint32_t h = SlotHash(Tuple{.source_address = spec.ip.source.value,
                                    .destination_address = spec.ip.destination.value,
                                    .source_port = spec.source_port,
                                    .destination_port = spec.destination_port,
                                    .protocol = 6},
                              kSeed);
  return static_cast<uint16_t>(0xc000 | (((h >> 16) + attempt * 0x9e5) & 0x3fff));
}

TEST(PipelineTest, PassesWhatIsNotForAFrontend) {
  Pipeline pipeline(World().Snapshot());
  const TcpSpec other_port{.destination_port = 81};
  const TcpSpec other_address{.ip = {.destination = {0x0a600002}}};
  const UdpSpec other_protocol{.destination_port = 80};
  for (const FrameBytes& original : {BuildTcp(other_port), BuildTcp(other_address),
                                     BuildUdp(other_protocol), BuildIcmp({}), FrameBytes{}}) {
    FrameBytes frame = original;
    EXPECT_EQ(Send(pipeline, frame, Port::kUplink), Outcome{.egress = Port::kNode});
    EXPECT_EQ(Send(pipeline, frame, Port::kNode), Outcome{.egress = Port::kUplink});
    EXPECT_EQ(frame, original);
  }
}

TEST(PipelineTest, TranslatesAConnectionBothWays) {
  World world;
  Pipeline pipeline(world.Snapshot());
  const TcpSpec spec = ClientSpec();
  const TcpSpec expected = Translated(spec, kEndpointHop, kOutsideClient, 40000, kEndpoint, 8080);
  FrameBytes frame = BuildTcp(spec);
  EXPECT_EQ(Send(pipeline, frame), Forwarded(Port::kNode, 11, world.endpoint, true));
  EXPECT_EQ(DescribeFrame(frame), DescribeFrame(BuildTcp(expected)));
  EXPECT_EQ(frame, BuildTcp(expected));
  frame = BuildTcp(spec);
  EXPECT_EQ(Send(pipeline, frame), Forwarded(Port::kNode, 11, world.endpoint, false));
  EXPECT_EQ(frame, BuildTcp(expected));

  const TcpSpec answer{.ip = {.source = kEndpoint, .destination = kOutsideClient},
                       .source_port = 8080,
                       .destination_port = 40000,
                       .flags = kTcpSyn | kTcpAck};
  frame = BuildTcp(answer);
  EXPECT_EQ(Send(pipeline, frame, Port::kNode),
            Forwarded(Port::kUplink, 11, world.endpoint, false));
  EXPECT_EQ(frame, BuildTcp(Translated(answer, kGateway, kFrontend, 80, kOutsideClient, 40000)));
}

TEST(PipelineTest, RepliesGoToTheClientsNextHop) {
  World world;
  Pipeline pipeline(world.Snapshot());
  FrameBytes frame = BuildTcp(ClientSpec(kLocalPod));
  ASSERT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
  const TcpSpec answer{.ip = {.source = kEndpoint, .destination = kLocalPod},
                       .source_port = 8080,
                       .destination_port = 40000};
  frame = BuildTcp(answer);
  Send(pipeline, frame);
  EXPECT_EQ(frame, BuildTcp(Translated(answer, kPodHop, kFrontend, 80, kLocalPod, 40000)));
}

TEST(PipelineTest, MasqueradesAndTriesOtherPorts) {
  struct Case {
    std::string name;
    Ipv4Address client;
    bool masquerade;
    uint8_t attempt;
    bool new_address;
    bool new_port;
  };
  const Case cases[] = {
      {"plain", kOutsideClient, false, 0, false, false},
      {"plain, second attempt", kOutsideClient, false, 1, false, true},
      {"plain, last attempt", kOutsideClient, false, 15, false, true},
      {"masquerade", kOutsideClient, true, 0, true, true},
      {"masquerade, third attempt", kOutsideClient, true, 2, true, true},
      {"hairpin", kEndpoint, false, 0, true, true},
      {"masquerade of the node itself", kMasquerade, true, 0, true, true},
  };
  for (const Case& c : cases) {
    World world;
    world.tcp_row().outside_masquerade = c.masquerade;
    Pipeline pipeline(world.Snapshot());
    const TcpSpec spec = ClientSpec(c.client);
    const Ipv4Address source = c.new_address ? kMasquerade : c.client;
    const uint16_t port = c.new_port ? Candidate(spec, c.attempt) : spec.source_port;
    FrameBytes frame = BuildTcp(spec);
    EXPECT_EQ(Send(pipeline, frame, Port::kNode, c.attempt).verdict, Verdict::kForward) << c.name;
    EXPECT_EQ(frame, BuildTcp(Translated(spec, kEndpointHop, source, port, kEndpoint, 8080)))
        << c.name << ": " << DescribeFrame(frame);
  }
}

// The client's class chooses the half; each half has an action of its own.
TEST(PipelineTest, EachHalfHasItsAction) {
  const struct {
    FrontendAction action;
    Outcome expected;
  } actions[] = {
      {FrontendAction::kDrop, {.verdict = Verdict::kDrop, .reason = Reason::kFrontendDrop}},
      {FrontendAction::kReject, Punted(Reason::kReject)},
  };
  for (const auto& [action, expected] : actions) {
    for (const bool outside : {true, false}) {
      World world;
      (outside ? world.tcp_row().outside_action : world.tcp_row().inside_action) = action;
      Pipeline pipeline(world.Snapshot());
      // TTL 0 and no endpoint: the action is looked at first.
      TcpSpec spec = ClientSpec(outside ? kOutsideClient : kLocalPod);
      spec.ip.ttl = 0;
      FrameBytes frame = BuildTcp(spec);
      EXPECT_EQ(Send(pipeline, frame), expected);
      EXPECT_EQ(frame, BuildTcp(spec));
      frame = BuildTcp(ClientSpec(outside ? kLocalPod : kOutsideClient));
      EXPECT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
      EXPECT_EQ(pipeline.connections().size(), 1U);
    }
  }
}

TEST(PipelineTest, ClassNodeTakesTheInsideHalf) {
  World world;
  world.builder.AddSource(kOutsideClient, 32, ClientClass::kNode, 0);
  world.tcp_row().inside_action = FrontendAction::kReject;
  Pipeline pipeline(world.Snapshot());
  FrameBytes frame = BuildTcp(ClientSpec());
  EXPECT_EQ(Send(pipeline, frame), Punted(Reason::kReject));
}

// Each check hides those behind it: from the last one to the first, one more thing is wrong.
TEST(PipelineTest, WhatNoConnectionTakesIsTheHostsWhereItHasConnections) {
  World world;
  Pipeline pipeline(world.Snapshot());
  FrameBytes known = BuildTcp(ClientSpec());
  ASSERT_TRUE(Send(pipeline, known).learned);
  const TcpSpec other{.ip = {.destination = {0x08080808}}};
  const TcpSpec to_service{.source_port = 2};
  const FrameBytes udp = BuildUdp({.destination_port = 53});
  const auto outcome = [&](FrameBytes frame) { return Send(pipeline, frame); };

  world.image().configuration.host_protocols = {.sctp = false, .tcp = true, .udp = false};
  world.tcp_row().outside_action = FrontendAction::kReject;
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(outcome(BuildTcp(other)), Punted(Reason::kHostConnections));
  EXPECT_EQ(outcome(BuildTcp(to_service)), Punted(Reason::kHostConnections));
  EXPECT_EQ(outcome(BuildTcp(ClientSpec())).verdict, Verdict::kForward);
  EXPECT_EQ(outcome(udp).verdict, Verdict::kForward);
  // What the host has looked at is processed.
  FrameBytes frame = BuildTcp(to_service);
  EXPECT_EQ(Send(pipeline, frame, Port::kUplink, 1), Punted(Reason::kReject));
  Packet directed{.frame = frame, .directed_endpoint = world.endpoint};
  Outcome of_directed;
  pipeline.Process({&directed, 1}, {&of_directed, 1});
  EXPECT_EQ(of_directed, Punted(Reason::kReject));

  world.image().configuration.host_protocols = {.sctp = false, .tcp = false, .udp = true};
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(outcome(BuildUdp({.source_port = 3, .destination_port = 53})),
            Punted(Reason::kHostConnections));
  EXPECT_EQ(outcome(BuildTcp(to_service)), Punted(Reason::kReject));
  EXPECT_EQ(outcome(udp).verdict, Verdict::kForward);
}

TEST(PipelineTest, ChecksAFirstPacketInOrder) {
  CardSizes sizes = kSimSizes;
  sizes.originals = 1;
  World world(sizes);
  Pipeline pipeline(world.Snapshot());
  TcpSpec spec = ClientSpec();
  const auto run = [&](const TcpSpec& s) {
    FrameBytes frame = BuildTcp(s);
    const Outcome outcome = Send(pipeline, frame);
    EXPECT_EQ(frame, BuildTcp(s)) << "a punted frame changed";
    return outcome;
  };
  world.image().next_hops[2].valid = false;
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(run(spec), Punted(Reason::kNoNextHop, true));
  EXPECT_EQ(run(spec), Punted(Reason::kNoNextHop, false));  // it is known now

  spec.source_port = 40001;
  EXPECT_EQ(run(spec), Punted(Reason::kConnectionTableFull));
  spec.source_port = 40000;
  spec.ip.destination = {0x0a600009};  // a second frontend with the same endpoint
  FrontendRow second = world.tcp_row();
  second.destination_address = Address(spec.ip.destination).bits();
  const uint32_t row = world.builder.AddFrontend(second);
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(run(spec), Punted(Reason::kSourcePortTaken));
  spec.ip.ttl = 1;
  EXPECT_EQ(run(spec), Punted(Reason::kTtlExpired));
  spec.ip.ttl = 0;
  EXPECT_EQ(run(spec), Punted(Reason::kTtlExpired));
  world.image().endpoints[world.endpoint].valid = false;
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(run(spec), Punted(Reason::kNoEndpoint));
  world.image().frontends[row].outside_action = FrontendAction::kReject;
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(run(spec), Punted(Reason::kReject));
  EXPECT_EQ(pipeline.connections().size(), 1U);
}

TEST(PipelineTest, ChecksTtlBeforeNextHopOfAKnownConnection) {
  World world;
  Pipeline pipeline(world.Snapshot());
  FrameBytes frame = BuildTcp(ClientSpec());
  ASSERT_TRUE(Send(pipeline, frame).learned);
  world.image().next_hops[2].valid = false;
  pipeline.SetImage(world.Snapshot());
  TcpSpec spec = ClientSpec();
  spec.ip.ttl = 1;
  frame = BuildTcp(spec);
  EXPECT_EQ(Send(pipeline, frame), Punted(Reason::kTtlExpired));
  spec.ip.ttl = 2;
  frame = BuildTcp(spec);
  EXPECT_EQ(Send(pipeline, frame), Punted(Reason::kNoNextHop));
}

TEST(PipelineTest, ConnectionsKeepTheirEndpointWhenTheImageChanges) {
  World world;
  Pipeline pipeline(world.Snapshot());
  FrameBytes frame = BuildTcp(ClientSpec());
  ASSERT_TRUE(Send(pipeline, frame).learned);
  world.tcp_row().outside_action = FrontendAction::kDrop;
  world.image().endpoints[world.endpoint].valid = false;
  pipeline.SetImage(world.Snapshot());
  frame = BuildTcp(ClientSpec());
  EXPECT_EQ(Send(pipeline, frame), Forwarded(Port::kNode, 11, world.endpoint, false));
}

TEST(PipelineTest, TellsWhatHappensToConnections) {
  Pipeline pipeline(World().Snapshot());
  using ::testing::ElementsAre;
  const auto send = [&](bool from_endpoint, uint8_t flags) {
    TcpSpec spec = ClientSpec();
    if (from_endpoint) {
      spec = {.ip = {.source = kEndpoint, .destination = kOutsideClient},
              .source_port = 8080,
              .destination_port = ClientSpec().source_port};
    }
    spec.flags = flags;
    FrameBytes frame = BuildTcp(spec);
    EXPECT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
    return std::vector(pipeline.news().begin(), pipeline.news().end());
  };
  EXPECT_THAT(send(false, kTcpSyn), ElementsAre(ConnectionNews{EventKind::kLearn, false, 0}));
  EXPECT_THAT(send(false, kTcpAck), ElementsAre());  // nobody has answered
  EXPECT_THAT(send(true, kTcpSyn | kTcpAck), ElementsAre());
  EXPECT_THAT(send(false, kTcpAck), ElementsAre(ConnectionNews{EventKind::kEstablish, false, 0}));
  EXPECT_THAT(send(false, kTcpAck), ElementsAre());
  EXPECT_THAT(send(false, kTcpFin | kTcpAck), ElementsAre());
  EXPECT_THAT(send(true, kTcpFin | kTcpAck),
              ElementsAre(ConnectionNews{EventKind::kClose, false, 0}));

  // Of a batch, all; of UDP only that it began.
  std::vector<FrameBytes> frames = {BuildUdp({.destination_port = 53}),
                                    BuildUdp({.destination_port = 53}),
                                    BuildTcp({.source_port = 7, .destination_port = 80}),
                                    BuildTcp({.source_port = 8, .destination_port = 81})};
  std::vector<Packet> packets(frames.begin(), frames.end());
  std::vector<Outcome> outcomes(packets.size());
  pipeline.Process(packets, outcomes);
  EXPECT_THAT(pipeline.news(), ElementsAre(ConnectionNews{EventKind::kLearn, false, 1},
                                           ConnectionNews{EventKind::kLearn, false, 2}));
}

TEST(PipelineTest, UdpChecksumsOfZero) {
  World world;
  Pipeline pipeline(world.Snapshot());
  FrameBytes frame = BuildUdp({.without_checksum = true});
  ASSERT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
  EXPECT_EQ(LoadBe16(frame.data() + kUdpChecksumOffset), 0);

  // Payloads that make the translated checksum come to 0 for one of them: all are tried.
  int sent_as_ones = 0;
  for (uint32_t word = 0; word <= 0xffff; ++word) {
    UdpSpec spec{.payload = {static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)}};
    frame = BuildUdp(spec);
    Send(pipeline, frame);
    ASSERT_TRUE(ChecksumsAreRight(frame));
    ASSERT_NE(LoadBe16(frame.data() + kUdpChecksumOffset), 0);
    sent_as_ones += LoadBe16(frame.data() + kUdpChecksumOffset) == 0xffff ? 1 : 0;
  }
  EXPECT_GE(sent_as_ones, 1);
}

TEST(PipelineTest, AWrongChecksumStaysWrong) {
  Pipeline pipeline(World().Snapshot());
  FrameBytes frame = BuildTcp(ClientSpec());
  frame.back() ^= 0xff;
  EXPECT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
  EXPECT_FALSE(ChecksumsAreRight(frame));
}

TEST(PipelineTest, SlotsAreChosenByTheHash) {
  World world;
  std::vector<uint32_t> endpoints;
  for (uint32_t i = 0; i < 16; ++i) {
    endpoints.push_back(world.builder.AddEndpoint({0x0af60000 + i}, 8080, 2));
  }
  world.tcp_row().outside_slots_base = world.builder.AddSlots(endpoints);
  world.tcp_row().outside_slots_log2 = 4;
  Pipeline pipeline(world.Snapshot());
  for (uint16_t port = 1000; port < 1200; ++port) {
    TcpSpec spec = ClientSpec();
    spec.source_port = port;
    const uint32_t h = SlotHash(Tuple{.source_address = spec.ip.source.value,
                                      .destination_address = spec.ip.destination.value,
                                      .source_port = port,
                                      .destination_port = 80,
                                      .protocol = 6},
                                kSeed);
    FrameBytes frame = BuildTcp(spec);
    EXPECT_EQ(Send(pipeline, frame).endpoint, endpoints[h % 16]);
  }
}

}  // namespace
}  // namespace pointsman
