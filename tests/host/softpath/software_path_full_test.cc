// Connections over TCP and UDP that the card has no room for.
#include <gtest/gtest.h>

#include "flow_tables/flow.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/next_hop_rows.h"
#include "flow_tables/packet.h"
#include "host/conformance/probe.h"
#include "host/softpath/software_path.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;

const Address kService = Ipv4Address{0x0a60000a};
const Address kOtherIp = Ipv4Address{0x0a60000b};
const Address kPod = Ipv4Address{0x0af40105};
const Address kOutside = Ipv4Address{0xcb007102};
const Address kEndpoint = Ipv4Address{0x0af4010a};
constexpr NextHop kGateway{Port::kUplink, {0x020000000101}, {0x020000000102}};
constexpr NextHop kPodHop{Port::kNode, {0x020000000201}, {0x020000000101}};

std::optional<FlowKey> KnowsNone(const FlowKey&) { return std::nullopt; }

Forwarding World() {
  Forwarding wanted;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    Frontend frontend;
    frontend.name = Name(protocol);
    frontend.address = kService;
    frontend.port = 80;
    frontend.protocol = protocol;
    const std::vector<Backend> endpoints = {{kEndpoint, 8080, kPodHop}};
    frontend.inside = {FrontendAction::kForward, false, endpoints};
    frontend.outside = {FrontendAction::kForward, true, endpoints};
    wanted.frontends.push_back(frontend);
  }
  wanted.sources = {{Ipv4Prefix({0x0af40000}, 16), ClientClass::kLocalPod, kPodHop}};
  wanted.gateway = kGateway;
  wanted.masquerade_address = {0xc0a80002};
  wanted.cluster_ips = {kService, kOtherIp};
  wanted.service_ranges = {Ipv4Prefix({0x0a600000}, 24)};
  return wanted;
}

class FullPathTest : public testing::Test {
 protected:
  FullPathTest() { Set(World()); }

  void Set(const Forwarding& wanted) {
    auto image = BuildImage(wanted, EmptyImage(kSimSizes));
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = *std::move(image);
    path_.SetForwarding(wanted, image_);
  }

  PuntService Serve(const std::vector<uint8_t>& frame, Reason reason, uint8_t rounds = 0) {
    return path_.Serve({frame, Port::kUplink, reason, 0, rounds}, now_, KnowsNone);
  }
  PuntService Full(const FlowKey& key) {
    return Serve(ProbeFrame(key), Reason::kConnectionTableFull);
  }
  PuntService NotKnown(const FlowKey& key) {
    return Serve(ProbeFrame(key), Reason::kHostConnections);
  }
  static FlowKey Sent(const PuntService& service) {
    EXPECT_EQ(service.fate, Fate::kForwarded);
    if (service.frames.size() != 1) return {};
    EXPECT_TRUE(FlowChecksumsAreRight(service.frames[0]));
    return ParseFlow(service.frames[0]).value().key;
  }
  FlowKey Begin(const FlowKey& key) { return Sent(Full(key)); }

  static std::vector<uint8_t> Tcp(const FlowKey& key, uint8_t flags) {
    return BuildTcp({.ip = {.source = key.source.v4(), .destination = key.destination.v4()},
                     .source_port = key.source_port,
                     .destination_port = key.destination_port,
                     .flags = flags});
  }
  ConnectionState StateAfter(const FlowKey& key, uint8_t flags) {
    EXPECT_EQ(Serve(Tcp(key, flags), Reason::kHostConnections).fate, Fate::kForwarded);
    return path_.connections().Find(key).connection->state;
  }

  const FlowKey asked_{kOutside, kService, 40000, 80, Protocol::kTcp};
  Image image_;
  SoftwarePath path_{100};
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(FullPathTest, TcpLivesByItsFlags) {
  const FlowKey reply = HostConnection::Reversed(Begin(asked_));
  EXPECT_EQ(reply.destination, Address(Ipv4Address{0xc0a80002}));
  EXPECT_TRUE(path_.HasConnections(Protocol::kTcp));
  EXPECT_FALSE(path_.HasConnections(Protocol::kUdp));
  // The client alone does not confirm it.
  EXPECT_EQ(StateAfter(asked_, kTcpAck), ConnectionState::kUnconfirmed);
  EXPECT_EQ(StateAfter(reply, kTcpSyn | kTcpAck), ConnectionState::kHalfOpen);
  EXPECT_EQ(StateAfter(asked_, kTcpAck), ConnectionState::kEstablished);
  EXPECT_EQ(path_.Sweep(now_ + absl::Hours(23)), 0u);
  EXPECT_EQ(StateAfter(asked_, kTcpAck | kTcpFin), ConnectionState::kClientClosing);
  EXPECT_EQ(StateAfter(reply, kTcpAck | kTcpFin), ConnectionState::kClosed);
  EXPECT_EQ(path_.Sweep(now_ + absl::Seconds(9)), 0u);
  EXPECT_EQ(path_.Sweep(now_ + absl::Seconds(11)), 1u);
  EXPECT_FALSE(path_.HasConnections(Protocol::kTcp));
}

TEST_F(FullPathTest, AnswersGoBack) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    for (const Address& client : {kOutside, kPod}) {
      FlowKey asked = asked_;
      asked.protocol = protocol;
      asked.source = client;
      const FlowKey there = Begin(asked);
      EXPECT_EQ(there.source == client, client == kPod);
      EXPECT_EQ(there.destination, kEndpoint);
      const PuntService back = NotKnown(HostConnection::Reversed(there));
      EXPECT_EQ(Sent(back), HostConnection::Reversed(asked));
      EXPECT_EQ(back.egress, client == kPod ? Port::kNode : Port::kUplink);
      // A first packet that was on its way meanwhile, too.
      EXPECT_EQ(Begin(asked), there);
    }
  }
  EXPECT_EQ(path_.connections().size(), 4u);
}

TEST_F(FullPathTest, GoesOnWithWhatTheCardCarried) {
  const auto known = [&](uint16_t port, uint16_t masqueraded) {
    const FlowKey original{kOutside, kService, port, 80, Protocol::kTcp};
    Connection connection = MakeConnection<Ipv4>(
        ToTuple(original),
        {.new_source_address = 0xc0a80002,
         .new_destination_address = kEndpoint.v4().value,
         .new_source_port = masqueraded,
         .new_destination_port = 8080,
         .next_hop = static_cast<uint16_t>(std::ranges::find_if(image_.next_hops,
                                                                [](const NextHopRow& row) {
                                                                  return row.valid &&
                                                                         NextHopOf(row) == kPodHop;
                                                                }) -
                                           image_.next_hops.begin())},
        /*reply_next_hop=*/0);
    connection.state = ConnectionState::kEstablished;
    return std::variant<Connection, ConnectionIpv6>(connection);
  };
  const std::vector<std::variant<Connection, ConnectionIpv6>> carried = {
      known(40000, 50000), known(40001, 50001), known(40002, 50001)};
  EXPECT_EQ(SoftwarePath(100).TakeOver(carried), 3u);  // it knows no next hops yet
  EXPECT_EQ(path_.TakeOver(carried), 1u);              // two with the same reply cannot be
  EXPECT_EQ(path_.TakeOver(carried), 3u);
  EXPECT_TRUE(path_.HasConnections(Protocol::kTcp));
  const PuntService there = NotKnown(asked_);
  const FlowKey sent = Sent(there);
  EXPECT_EQ(sent, (FlowKey{Ipv4Address{0xc0a80002}, kEndpoint, 50000, 8080, Protocol::kTcp}));
  EXPECT_EQ(there.egress, Port::kNode);
  const PuntService back = NotKnown(HostConnection::Reversed(sent));
  EXPECT_EQ(Sent(back), HostConnection::Reversed(asked_));
  EXPECT_EQ(back.egress, Port::kUplink);
  EXPECT_EQ(path_.Sweep(now_ + absl::Hours(23)), 0u);
}

TEST_F(FullPathTest, NobodyElseGetsItsReplies) {
  const FlowKey there = Begin(asked_);
  // Of the card: another connection that would be answered in the same way, from its first packet.
  FlowKey other = asked_;
  for (other.source_port = 1; other.source_port != 0; ++other.source_port) {
    if (other.source_port == asked_.source_port) continue;
    const uint32_t mask = image_.configuration.masquerade_ports.mask;
    const auto port = [&](const FlowKey& key) {
      return FlowHash(key, image_.configuration.slot_hash_seed) >> 16 & mask;
    };
    if (port(other) == port(asked_)) break;
  }
  ASSERT_NE(other.source_port, 0);
  const PuntService directed = NotKnown(other);
  EXPECT_EQ(directed.fate, Fate::kRetry);
  EXPECT_EQ(directed.attempt, 1);
  EXPECT_TRUE(directed.directed_endpoint.has_value());
  // And of those here: what the card knows is taken.
  path_.Forget();
  const std::vector<uint8_t> frame = ProbeFrame(asked_);
  const PuntService moved = path_.Serve({frame, Port::kUplink, Reason::kConnectionTableFull}, now_,
                                        [&](const FlowKey& key) -> std::optional<FlowKey> {
                                          if (key != HostConnection::Reversed(there))
                                            return std::nullopt;
                                          return HostConnection::Reversed(other);
                                        });
  EXPECT_NE(Sent(moved).source_port, there.source_port);
}

TEST_F(FullPathTest, WhatIsNoneOfItsOwnIsServedAsEver) {
  Begin(asked_);
  FlowKey other = asked_;
  other.source = kPod;
  const PuntService directed = NotKnown(other);
  EXPECT_EQ(directed.fate, Fate::kRetry);
  EXPECT_EQ(directed.attempt, 0);
  EXPECT_EQ(Address::FromBits(image_.endpoints.at(directed.directed_endpoint.value()).address),
            kEndpoint);
  other.destination = kOtherIp;
  EXPECT_EQ(NotKnown(other).fate, Fate::kRejected);
  other.destination = Ipv4Address{0x0a600063};
  EXPECT_EQ(NotKnown(other).reason, Reason::kServiceRange);
  other.destination = Ipv4Address{0x08080808};
  const PuntService passed = NotKnown(other);
  EXPECT_EQ(passed.fate, Fate::kPassed);
  EXPECT_EQ(passed.frames.at(0), ProbeFrame(other));
}

TEST_F(FullPathTest, WhatTheCardKnowsByNowIsTheCards) {
  const std::vector<uint8_t> frame = ProbeFrame(asked_);
  const auto knows = [&](const FlowKey& key) -> std::optional<FlowKey> { return key; };
  uint8_t rounds = 0;
  PuntService service;
  for (int i = 0; i < 10 && (i == 0 || service.fate == Fate::kRetry); ++i) {
    service =
        path_.Serve({frame, Port::kUplink, Reason::kConnectionTableFull, 0, rounds}, now_, knows);
    EXPECT_EQ(service.fate, i < 4 ? Fate::kRetry : Fate::kDropped);
    rounds = service.rounds;
  }
  EXPECT_EQ(service.reason, Reason::kConnectionTableFull);
  EXPECT_EQ(path_.connections().size(), 0u);
}

// An endpoint that is gone is still who the connection talks to; of UDP the agent forgets it.
TEST_F(FullPathTest, ConnectionsOutliveTheirEndpoint) {
  FlowKey udp = asked_;
  udp.protocol = Protocol::kUdp;
  const FlowKey there = Begin(asked_), udp_there = Begin(udp);
  Forwarding wanted = World();
  for (Frontend& frontend : wanted.frontends) frontend.inside = frontend.outside = {};
  Set(wanted);
  EXPECT_EQ(Sent(NotKnown(asked_)), there);
  EXPECT_EQ(Sent(NotKnown(HostConnection::Reversed(there))), HostConnection::Reversed(asked_));
  EXPECT_EQ(Sent(NotKnown(udp)), udp_there);
  EXPECT_EQ(path_.ForgetIf([](const HostConnection& known) {
    return known.original.protocol == Protocol::kUdp;
  }),
            1u);
  EXPECT_FALSE(path_.HasConnections(Protocol::kUdp));
  EXPECT_NE(NotKnown(udp).fate, Fate::kForwarded);
  EXPECT_EQ(Sent(NotKnown(asked_)), there);
}

TEST_F(FullPathTest, AFloodAtOneFrontendIsKeptShort) {
  Forwarding wanted = World();
  wanted.unconfirmed_quota = 3;
  Set(wanted);
  FlowKey key = asked_;
  FlowKey first;
  for (int i = 0; i < 3; ++i, ++key.source_port) {
    const FlowKey there = Begin(key);
    if (i == 0) first = there;
  }
  EXPECT_EQ(Full(key).reason, Reason::kUnconfirmedQuota);
  FlowKey udp = key;
  udp.protocol = Protocol::kUdp;
  EXPECT_EQ(Full(udp).fate, Fate::kForwarded);
  // One that is answered does not count any more.
  EXPECT_EQ(NotKnown(HostConnection::Reversed(first)).fate, Fate::kForwarded);
  EXPECT_EQ(Full(key).fate, Fate::kForwarded);
  path_.Forget();
  EXPECT_EQ(Full(key).fate, Fate::kForwarded);
}

TEST_F(FullPathTest, NoMoreThanThereIsRoomFor) {
  FlowKey key = asked_;
  for (int i = 0; i < 100; ++i, ++key.source_port) EXPECT_EQ(Full(key).fate, Fate::kForwarded);
  const PuntService service = Full(key);
  EXPECT_EQ(service.fate, Fate::kDropped);
  EXPECT_EQ(service.reason, Reason::kConnectionTableFull);
}

TEST_F(FullPathTest, FragmentsOptionsAndErrorsFindTheirConnection) {
  const FlowKey there = Begin(asked_);
  const TcpSpec spec{.ip = {.source = kOutside.v4(),
                            .destination = kService.v4(),
                            .identification = 7,
                            .fragment = kMoreFragments},
                     .source_port = asked_.source_port,
                     .destination_port = 80,
                     .payload = FrameBytes(12)};
  const PuntService fragment = Serve(BuildTcp(spec), Reason::kFragment);
  ASSERT_EQ(fragment.fate, Fate::kForwarded);
  TcpSpec with_options = spec;
  with_options.ip.fragment = 0;
  with_options.ip.options = {1, 1, 1, 1};
  const PuntService options = Serve(BuildTcp(with_options), Reason::kIpOptions);
  ASSERT_EQ(options.fate, Fate::kForwarded);
  for (const PuntService* service : {&fragment, &options}) {
    const std::vector<uint8_t>& frame = service->frames.at(0);
    EXPECT_EQ(Address::FromBytes(std::span(frame).subspan(kDestinationAddressOffset, 4)),
              kEndpoint);
  }

  // A router says that the endpoint's answer was too long.
  const std::vector<uint8_t> quoted = Tcp(HostConnection::Reversed(asked_), kTcpAck);
  const FrameBytes error =
      BuildIcmp({.ip = {.source = {0x01020304}, .destination = kService.v4()},
                 .type = 3,
                 .code = 4,
                 .rest = 1400,
                 .payload = {quoted.begin() + kIpv4Offset, quoted.begin() + kIpv4Offset + 28}});
  const PuntService told = Serve(error, Reason::kIcmpError);
  ASSERT_EQ(told.fate, Fate::kForwarded);
  EXPECT_EQ(told.egress, Port::kNode);
  const std::vector<uint8_t>& frame = told.frames.at(0);
  EXPECT_EQ(Address::FromBytes(std::span(frame).subspan(kDestinationAddressOffset, 4)), kEndpoint);
  EXPECT_EQ(there.destination, kEndpoint);
}

// A connection that begins with a fragment: its scout finds the table full.
TEST_F(FullPathTest, AFragmentMayBeginIt) {
  const FrameBytes frame = BuildTcp({.ip = {.source = kOutside.v4(),
                                            .destination = kService.v4(),
                                            .identification = 7,
                                            .fragment = kMoreFragments},
                                     .source_port = asked_.source_port,
                                     .destination_port = 80,
                                     .payload = FrameBytes(12)});
  const PuntService first = Serve(frame, Reason::kFragment);
  ASSERT_EQ(first.fate, Fate::kRetry);
  ASSERT_FALSE(first.scout.empty());
  EXPECT_EQ(Serve(first.scout, Reason::kConnectionTableFull).fate, Fate::kForwarded);
  EXPECT_EQ(Serve(frame, Reason::kFragment, first.rounds).fate, Fate::kForwarded);
}

}  // namespace
}  // namespace pointsman
