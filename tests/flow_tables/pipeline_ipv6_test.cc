// The pipeline over IPv6, where it differs from IPv4 or must not: pipeline_test.cc has what both
// families have in common.
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/hash.h"
#include "flow_tables/pipeline.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

const Address kOutsideClient = Ipv6Spec{}.source;
const Address kFrontend = Ipv6Spec{}.destination;
const Address kLocalPod = Address::FromWords(0xfd0000f400000001, 0x8000000000000005);
const Address kEndpoint = Address::FromWords(0xfd0000f500000002, 0xffff0000ffff0009);
const Address kNode = Address::FromWords(0x20010db800000000, 2);
constexpr NextHop kGateway{Port::kUplink, {0x02000000aa01}, {0x02000000aa02}};
constexpr NextHop kPodHop{Port::kNode, {0x02000000bb01}, {0x02000000bb02}};
constexpr NextHop kEndpointHop{Port::kNode, {0x02000000cc01}, {0x02000000cc02}};
constexpr uint32_t kSeed = 0x12345678;
constexpr uint16_t kTcpCounter = 11;

// Frontends for TCP port 80 and UDP port 53 over IPv6, with one endpoint; and one for TCP over IPv4
// that has the counter of the first, as only a host that errs would have it.
struct World {
  explicit World(const CardSizes& sizes = kSimSizes) : builder(sizes) {
    builder.AddNextHop(kGateway);
    const uint16_t pod_hop = builder.AddNextHop(kPodHop);
    const uint16_t endpoint_hop = builder.AddNextHop(kEndpointHop);
    endpoint = builder.AddEndpoint(kEndpoint, 8080, endpoint_hop);
    const uint32_t endpoint_ipv4 = builder.AddEndpoint(Ipv4Address{1}, 8080, endpoint_hop);
    builder.AddSource({Address::FromWords(0xfd0000f400000000, 0), 48}, ClientClass::kLocalPod,
                      pod_hop);
    const uint32_t base = builder.AddSlots({endpoint, endpoint});
    tcp = builder.AddFrontend(Row(kFrontend, 6, 80, kTcpCounter, base));
    builder.AddFrontend(Row(kFrontend, 17, 53, 12, base));
    const uint32_t base_ipv4 = builder.AddSlots({endpoint_ipv4, endpoint_ipv4});
    builder.AddFrontend(Row(Ipv4Spec{}.destination, 6, 80, kTcpCounter, base_ipv4));
    image().configuration.slot_hash_seed = kSeed;
    image().configuration.masquerade_address_v6 = kNode.bits();
  }

  static FrontendRow Row(const Address& address, uint8_t protocol, uint16_t port, uint16_t counter,
                         uint32_t base) {
    return {.destination_address = address.bits(),
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
};

Outcome Send(Pipeline& pipeline, FrameBytes& frame, Port ingress = Port::kUplink,
             uint8_t attempt = 0, std::optional<uint32_t> directed = std::nullopt) {
  Packet packet{
      .frame = frame, .ingress = ingress, .attempt = attempt, .directed_endpoint = directed};
  Outcome outcome;
  pipeline.Process({&packet, 1}, {&outcome, 1});
  return outcome;
}
Outcome SendCopy(Pipeline& pipeline, FrameBytes frame, uint8_t attempt = 0) {
  return Send(pipeline, frame, Port::kUplink, attempt);
}

Outcome Punted(Reason reason, bool learned = false) {
  return {.verdict = Verdict::kPunt, .reason = reason, .learned = learned};
}
Outcome Dropped(Reason reason) { return {.verdict = Verdict::kDrop, .reason = reason}; }
Outcome Forwarded(Port egress, uint32_t endpoint, bool learned) {
  return {.verdict = Verdict::kForward,
          .egress = egress,
          .learned = learned,
          .frontend_counter = kTcpCounter,
          .endpoint = endpoint};
}

// A TCP packet between two ends; as it leaves: by a hop, its hop limit one less.
FrameBytes Between(const Address& source, uint16_t source_port, const Address& destination,
                   uint16_t destination_port, uint8_t flags = kTcpSyn,
                   const NextHop* hop = nullptr) {
  Ipv6Spec ip{.source = source, .destination = destination, .class_and_label = 0x0ab12345};
  if (hop != nullptr) {
    ip.destination_mac = hop->destination_mac;
    ip.source_mac = hop->source_mac;
    --ip.hop_limit;
  }
  return BuildTcp(ip, {.source_port = source_port,
                       .destination_port = destination_port,
                       .flags = flags,
                       .payload = {1, 2, 3}});
}
FrameBytes Request(const Address& client = kOutsideClient, uint16_t port = 40000) {
  return Between(client, port, kFrontend, 80);
}

// The candidate for the source port, word by word as in docs/card.md.
uint16_t Candidate(const Address& client, uint32_t attempt) {
  const TupleIpv6 tuple{client.bits(), kFrontend.bits(), 40000, 80, 6};
  const uint32_t h = SlotHash(tuple, kSeed);
  return static_cast<uint16_t>(0xc000 | (((h >> 16) + attempt * 0x9e5) & 0x3fff));
}

TEST(PipelineIpv6Test, TranslatesAConnectionBothWays) {
  World world;
  for (const bool tagged : {false, true}) {
    Pipeline pipeline(world.Snapshot());
    const auto on_the_wire = [&](const FrameBytes& frame) {
      return tagged ? WithVlanTag(frame, 0x2007) : frame;
    };
    FrameBytes frame = on_the_wire(Request());
    EXPECT_EQ(Send(pipeline, frame), Forwarded(Port::kNode, world.endpoint, true));
    const FrameBytes there =
        Between(kOutsideClient, 40000, kEndpoint, 8080, kTcpSyn, &kEndpointHop);
    EXPECT_EQ(DescribeFrame(frame), DescribeFrame(on_the_wire(there)));
    EXPECT_EQ(frame, on_the_wire(there));
    frame = on_the_wire(Request());
    EXPECT_EQ(Send(pipeline, frame), Forwarded(Port::kNode, world.endpoint, false));
    EXPECT_EQ(frame, on_the_wire(there));
    frame = on_the_wire(Between(kEndpoint, 8080, kOutsideClient, 40000, kTcpSyn | kTcpAck));
    EXPECT_EQ(Send(pipeline, frame, Port::kNode), Forwarded(Port::kUplink, world.endpoint, false));
    EXPECT_EQ(frame, on_the_wire(Between(kFrontend, 80, kOutsideClient, 40000, kTcpSyn | kTcpAck,
                                         &kGateway)));
    EXPECT_EQ(pipeline.connections().size(), 0U);
    EXPECT_EQ(pipeline.connections_ipv6().size(), 1U);
  }
}

TEST(PipelineIpv6Test, RepliesGoToTheClientsNextHop) {
  Pipeline pipeline(World().Snapshot());
  ASSERT_EQ(SendCopy(pipeline, Request(kLocalPod)).verdict, Verdict::kForward);
  FrameBytes frame = Between(kEndpoint, 8080, kLocalPod, 40000, kTcpAck);
  Send(pipeline, frame);
  EXPECT_EQ(frame, Between(kFrontend, 80, kLocalPod, 40000, kTcpAck, &kPodHop));
}

TEST(PipelineIpv6Test, MasqueradesAndTriesOtherPorts) {
  const struct {
    const char* name;
    Address client;
    bool masquerade;
    uint8_t attempt;
    bool new_address;
    bool new_port;
  } cases[] = {
      {"plain", kOutsideClient, false, 0, false, false},
      {"second attempt", kOutsideClient, false, 1, false, true},
      {"masquerade", kOutsideClient, true, 0, true, true},
      {"masquerade, last attempt", kOutsideClient, true, 15, true, true},
      {"hairpin", kEndpoint, false, 0, true, true},
  };
  for (const auto& c : cases) {
    World world;
    world.tcp_row().outside_masquerade = c.masquerade;
    Pipeline pipeline(world.Snapshot());
    const Address source = c.new_address ? kNode : c.client;
    const uint16_t port = c.new_port ? Candidate(c.client, c.attempt) : 40000;
    FrameBytes frame = Request(c.client);
    EXPECT_EQ(Send(pipeline, frame, Port::kNode, c.attempt).verdict, Verdict::kForward) << c.name;
    EXPECT_EQ(frame, Between(source, port, kEndpoint, 8080, kTcpSyn, &kEndpointHop))
        << c.name << ": " << DescribeFrame(frame);
    frame = Between(kEndpoint, 8080, source, port, kTcpAck);
    EXPECT_EQ(Send(pipeline, frame).verdict, Verdict::kForward) << c.name;
    EXPECT_EQ(frame, Between(kFrontend, 80, c.client, 40000, kTcpAck, &kGateway)) << c.name;
  }
}

// Each check hides those behind it: from the last one to the first, one more thing is wrong.
TEST(PipelineIpv6Test, ChecksAFirstPacketInOrder) {
  CardSizes sizes = kSimSizes;
  sizes.originals_ipv6 = 1;
  World world(sizes);
  Pipeline pipeline(world.Snapshot());
  const Address client = kLocalPod;
  uint16_t port = 40000;
  uint8_t hop_limit = 64;
  Address service = kFrontend;
  const auto run = [&] {
    FrameBytes frame = Between(client, port, service, 80);
    frame[kIpv6HopLimitOffset] = hop_limit;
    const FrameBytes before = frame;
    const Outcome outcome = Send(pipeline, frame);
    EXPECT_EQ(frame, before) << "a punted frame changed";
    return outcome;
  };
  const auto change = [&](auto what) {
    what();
    pipeline.SetImage(world.Snapshot());
  };
  Configuration& configuration = world.image().configuration;
  change([&] { world.image().next_hops[2].valid = false; });
  EXPECT_EQ(run(), Punted(Reason::kNoNextHop, true));
  EXPECT_EQ(run(), Punted(Reason::kNoNextHop, false));
  port = 40001;
  EXPECT_EQ(run(), Punted(Reason::kConnectionTableFull));
  port = 40000;
  service = Address::FromWords(0xfd00009600000000, 9);  // a second one with the same endpoint
  FrontendRow second = world.tcp_row();
  second.destination_address = service.bits();
  uint32_t row = 0;
  change([&] { row = world.builder.AddFrontend(second); });
  EXPECT_EQ(run(), Punted(Reason::kSourcePortTaken));
  change([&] { configuration.unconfirmed_quota = 1; });
  EXPECT_EQ(run(), Dropped(Reason::kUnconfirmedQuota));
  change([&] {
    world.image().frontends[row].inside_masquerade = true;
    configuration.masquerade_address_v6 = {};
  });
  EXPECT_EQ(run(), Punted(Reason::kNoMasqueradeAddress));
  hop_limit = 1;
  EXPECT_EQ(run(), Punted(Reason::kTtlExpired));
  change([&] { world.image().endpoints[world.endpoint].valid = false; });
  EXPECT_EQ(run(), Punted(Reason::kNoEndpoint));
  change([&] { world.image().frontends[row].inside_action = FrontendAction::kReject; });
  EXPECT_EQ(run(), Punted(Reason::kReject));
  EXPECT_EQ(pipeline.connections_ipv6().size(), 1U);
}

TEST(PipelineIpv6Test, WithoutAnAddressOnlyWhatIsMasqueradedIsPunted) {
  World world;
  world.image().configuration.masquerade_address_v6 = {};
  Pipeline pipeline(world.Snapshot());
  EXPECT_EQ(SendCopy(pipeline, Request()), Forwarded(Port::kNode, world.endpoint, true));
  EXPECT_EQ(SendCopy(pipeline, Request(kEndpoint)), Punted(Reason::kNoMasqueradeAddress));
}

TEST(PipelineIpv6Test, TheHostMayChooseTheEndpoint) {
  World world;
  const Address other = Address::FromWords(0xfd0000f500000002, 7);
  const uint32_t chosen = world.builder.AddEndpoint(other, 9090, 2);
  world.tcp_row().outside_action = FrontendAction::kHost;
  Pipeline pipeline(world.Snapshot());
  EXPECT_EQ(SendCopy(pipeline, Request()), Punted(Reason::kHostDecides));
  FrameBytes frame = Request();
  EXPECT_EQ(Send(pipeline, frame, Port::kUplink, 0, chosen), Forwarded(Port::kNode, chosen, true));
  EXPECT_EQ(frame, Between(kOutsideClient, 40000, other, 9090, kTcpSyn, &kEndpointHop));
}

TEST(PipelineIpv6Test, WhatNoConnectionTakesIsTheHostsWhereItHasConnections) {
  World world;
  Pipeline pipeline(world.Snapshot());
  ASSERT_TRUE(SendCopy(pipeline, Request()).learned);
  world.image().configuration.host_protocols = {.sctp = false, .tcp = true, .udp = false};
  pipeline.SetImage(world.Snapshot());
  EXPECT_EQ(SendCopy(pipeline, Request()).verdict, Verdict::kForward);
  EXPECT_EQ(SendCopy(pipeline, Request(kOutsideClient, 2)), Punted(Reason::kHostConnections));
  EXPECT_EQ(SendCopy(pipeline, Between(kOutsideClient, 1, kNode, 80)),
            Punted(Reason::kHostConnections));
  EXPECT_EQ(SendCopy(pipeline, BuildUdp(Ipv6Spec{}, {})).verdict, Verdict::kForward);
  FrameBytes frame = Request(kOutsideClient, 2);
  EXPECT_TRUE(Send(pipeline, frame, Port::kUplink, 0, world.endpoint).learned);
  EXPECT_EQ(SendCopy(pipeline, Request(kOutsideClient, 2)).verdict, Verdict::kForward);
}

TEST(PipelineIpv6Test, AFrontendCanBeForSomeClients) {
  World world;
  world.tcp_row().range_set = 2;
  world.image().sources[0].range_sets = 2;
  Pipeline pipeline(world.Snapshot());
  EXPECT_EQ(SendCopy(pipeline, Request()), Dropped(Reason::kFrontendDrop));
  EXPECT_EQ(SendCopy(pipeline, Request(kLocalPod)).verdict, Verdict::kForward);
}

TEST(PipelineIpv6Test, HandsOverWhatOthersMustLookAt) {
  World world;
  const AddressPrefix services{Address::FromWords(0xfd00009600000000, 0), 108};
  world.image().configuration.service_ranges[7] = {
      services.address.bits(), {.low = services.LowMask(), .high = services.HighMask()}};
  world.image().configuration.host_protocols.sctp = true;
  Pipeline pipeline(world.Snapshot());
  const std::vector<uint8_t> tcp_behind = {6, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
  const Outcome passed{.egress = Port::kNode};
  const struct {
    const char* name;
    FrameBytes frame;
    Outcome expected;
  } cases[] = {
      {"other port", Between(kOutsideClient, 1, kFrontend, 81), Punted(Reason::kServiceRange)},
      {"no Service", Between(kOutsideClient, 1, kNode, 80), passed},
      {"fragment", BuildIpv6({}, 44, tcp_behind), Punted(Reason::kFragment)},
      {"extension header", BuildIpv6({}, 60, tcp_behind), Punted(Reason::kIpOptions)},
      {"ICMPv6 error", BuildIcmp(Ipv6Spec{}, {.type = 3}), Punted(Reason::kIcmpError)},
      {"neighbour solicitation", BuildIcmp(Ipv6Spec{}, {.type = 135}), passed},
      {"SCTP", BuildIpv6({}, 132, std::vector<uint8_t>(40)), Punted(Reason::kSctp)},
      {"stands for IPv4", Between(Ipv4Address{1}, 1, kFrontend, 80), passed},
  };
  for (const auto& c : cases) {
    FrameBytes frame = c.frame;
    EXPECT_EQ(Send(pipeline, frame), c.expected) << c.name;
    EXPECT_EQ(frame, c.frame) << c.name;
  }
}

TEST(PipelineIpv6Test, UdpChecksumsOfZero) {
  Pipeline pipeline(World().Snapshot());
  constexpr size_t kChecksum = kIpv6TransportOffset + kUdpChecksumInHeader;
  FrameBytes frame = BuildUdp(Ipv6Spec{}, {.without_checksum = true});
  ASSERT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
  EXPECT_EQ(LoadBe16(frame.data() + kChecksum), 0);

  // Payloads that make the translated checksum come to 0 for one of them: all are tried.
  int sent_as_ones = 0;
  for (uint32_t word = 0; word <= 0xffff; ++word) {
    frame = BuildUdp(Ipv6Spec{},
                     {.payload = {static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)}});
    Send(pipeline, frame);
    ASSERT_TRUE(ChecksumsAreRight(frame));
    ASSERT_NE(LoadBe16(frame.data() + kChecksum), 0);
    sent_as_ones += LoadBe16(frame.data() + kChecksum) == 0xffff ? 1 : 0;
  }
  EXPECT_GE(sent_as_ones, 1);
}

TEST(PipelineIpv6Test, AWrongChecksumStaysWrong) {
  Pipeline pipeline(World().Snapshot());
  FrameBytes frame = Request();
  frame.back() ^= 0xff;
  EXPECT_EQ(Send(pipeline, frame).verdict, Verdict::kForward);
  EXPECT_FALSE(ChecksumsAreRight(frame));
}

// The quota is the frontend's, whatever its connections came over.
TEST(PipelineIpv6Test, UnconfirmedConnectionsCountOverBothFamilies) {
  World world;
  world.image().configuration.unconfirmed_quota = 2;
  Pipeline pipeline(world.Snapshot());
  EXPECT_EQ(SendCopy(pipeline, Request()).verdict, Verdict::kForward);
  EXPECT_EQ(SendCopy(pipeline, BuildTcp({})).verdict, Verdict::kForward);
  EXPECT_EQ(SendCopy(pipeline, Request(kOutsideClient, 1)), Dropped(Reason::kUnconfirmedQuota));
  EXPECT_EQ(SendCopy(pipeline, BuildTcp({.source_port = 1})), Dropped(Reason::kUnconfirmedQuota));
  // The endpoint answers one.
  EXPECT_EQ(SendCopy(pipeline, Between(kEndpoint, 8080, kOutsideClient, 40000, kTcpAck)).verdict,
            Verdict::kForward);
  EXPECT_EQ(SendCopy(pipeline, BuildTcp({.source_port = 1})).verdict, Verdict::kForward);
}

TEST(PipelineIpv6Test, ConnectionsLiveByTheirState) {
  World world;
  Pipeline pipeline(world.Snapshot());
  const ConnectionTimeouts timeouts;
  const TupleIpv6 asked{kOutsideClient.bits(), kFrontend.bits(), 40000, 80, 6};
  const auto state = [&] { return pipeline.connections_ipv6().Find(asked).connection->state; };
  const auto from_client = [&](uint8_t flags) {
    SendCopy(pipeline, Between(kOutsideClient, 40000, kFrontend, 80, flags));
  };
  const auto from_endpoint = [&](uint8_t flags) {
    SendCopy(pipeline, Between(kEndpoint, 8080, kOutsideClient, 40000, flags));
  };
  from_client(kTcpSyn);
  from_client(kTcpFin);
  EXPECT_EQ(state(), ConnectionState::kUnconfirmed);
  from_endpoint(kTcpSyn | kTcpAck);
  EXPECT_EQ(state(), ConnectionState::kHalfOpen);
  from_client(kTcpAck);
  EXPECT_EQ(state(), ConnectionState::kEstablished);
  pipeline.SetTick(1000);
  from_endpoint(kTcpFin);
  EXPECT_EQ(state(), ConnectionState::kEndpointClosing);
  pipeline.SetTick(1000 + timeouts.tcp_closing);
  pipeline.Sweep();
  EXPECT_EQ(pipeline.connections_ipv6().size(), 1U);
  pipeline.SetTick(1001 + timeouts.tcp_closing);
  pipeline.Sweep();
  EXPECT_EQ(pipeline.connections_ipv6().size(), 0U);
}

}  // namespace
}  // namespace pointsman
