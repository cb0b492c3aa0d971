#include "host/softpath/software_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "flow_tables/big_endian.h"
#include "flow_tables/flow.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/packet.h"
#include "flow_tables/tunnel.h"
#include "host/conformance/probe.h"
#include "host/softpath/tick.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;

std::optional<FlowKey> KnowsNone(const FlowKey&) { return std::nullopt; }

// The frame that is sent; empty: none.
std::vector<uint8_t> SentBy(const PuntService& service) {
  EXPECT_LE(service.frames.size(), 1u);
  return service.frames.empty() ? std::vector<uint8_t>() : service.frames[0];
}

const Address kService6 = Address::FromWords(0xfd00001000960000, 0x10);
const Address kOtherService6 = Address::FromWords(0xfd00001000960000, 0x11);
const Address kAffineService6 = Address::FromWords(0xfd00001000960000, 0x12);
const Address kUnusedService6 = Address::FromWords(0xfd00001000960000, 0x99);
const Address kPod6 = Address::FromWords(0xfd00001000000001, 0x5);
const Address kEndpoint6 = Address::FromWords(0xfd00001000000001, 0xa);
const Address kEndpointB6 = Address::FromWords(0xfd00001000000002, 0xb);
const Address kOutside6 = Address::FromWords(0x2600520000000000, 1);
const Address kNode6 = Address::FromWords(0x20010db800000000, 1);
const Address kService4 = Ipv4Address{0x0a60000a};
const Address kUnusedService4 = Ipv4Address{0x0a600063};
const Address kPod4 = Ipv4Address{0x0af40105};
const Address kOutside4 = Ipv4Address{0xcb007102};
const Address kEndpoint4 = Ipv4Address{0x0af4010a};
const Address kEndpointB4 = Ipv4Address{0x0af4020b};

const NextHop kGateway{Port::kUplink, {0x020000000101}, {0x020000000102}};
const NextHop kPodHop{Port::kNode, {0x020000000201}, {0x020000000101}};

Frontend Of(const Address& address, Protocol protocol, std::vector<Backend> endpoints) {
  Frontend frontend;
  frontend.name = "web " + Describe(address) + Name(protocol);
  frontend.address = address;
  frontend.port = 80;
  frontend.protocol = protocol;
  frontend.inside = {FrontendAction::kForward, false, endpoints};
  frontend.outside = {FrontendAction::kForward, true, std::move(endpoints)};
  return frontend;
}

// IPv6 over all protocols, SCTP over IPv4, and a TCP Service of each family with affinity.
Forwarding World() {
  Forwarding wanted;
  const std::vector<Backend> six = {{kEndpoint6, 8080, kPodHop}, {kEndpointB6, 8080, kGateway}};
  const std::vector<Backend> four = {{kEndpoint4, 8080, kPodHop}, {kEndpointB4, 8080, kGateway}};
  wanted.frontends = {Of(kService6, Protocol::kTcp, six), Of(kService6, Protocol::kUdp, six),
                      Of(kService6, Protocol::kSctp, six), Of(kService4, Protocol::kSctp, four),
                      Of(kService4, Protocol::kTcp, four)};
  wanted.frontends.back().affinity_seconds = 100;
  wanted.frontends.back().affinity_group = "web";
  Frontend rejecting = Of(kOtherService6, Protocol::kTcp, {});
  rejecting.inside = rejecting.outside = {};
  wanted.frontends.push_back(rejecting);
  Frontend affine = Of(kAffineService6, Protocol::kTcp, six);
  affine.affinity_seconds = 100;
  affine.affinity_group = "web6";
  wanted.frontends.push_back(affine);
  wanted.sources = {
      {Ipv4Prefix({0x0af40000}, 16), ClientClass::kLocalPod, kPodHop},
      {{Address::FromWords(0xfd00001000000000, 0), 48}, ClientClass::kLocalPod, kPodHop},
      {{kNode6, 128}, ClientClass::kNode, kPodHop}};
  wanted.gateway = kGateway;
  wanted.masquerade_address = {0xc0a80002};
  wanted.masquerade_address_v6 = kNode6;
  wanted.cluster_ips = {kService4, kService6, kOtherService6};
  wanted.service_ranges = {Ipv4Prefix({0x0a600000}, 24),
                           {Address::FromWords(0xfd00001000960000, 0), 112}};
  return wanted;
}

class SoftwarePathTest : public testing::Test {
 protected:
  void SetUp() override { Set(World()); }

  void Set(const Forwarding& wanted) {
    auto image = BuildImage(wanted, EmptyImage(kSimSizes));
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = *std::move(image);
    path_.SetForwarding(wanted, image_);
  }

  PuntService Serve(const FlowKey& probe, Reason reason, Port ingress = Port::kNode,
                    uint8_t attempt = 0) {
    const std::vector<uint8_t> frame = ProbeFrame(probe);
    return path_.Serve({frame, ingress, reason, attempt}, now_, KnowsNone);
  }
  PuntService Serve(const FlowKey& probe) { return Serve(probe, Reason::kSctp); }

  Address EndpointOf(const PuntService& service) const {
    return Address::FromBits(image_.endpoints.at(service.directed_endpoint.value()).address);
  }

  Image image_;
  SoftwarePath path_{100};
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(SoftwarePathTest, CarriesSctpBothWays) {
  for (const bool v4 : {false, true}) {
    SCOPED_TRACE(v4 ? "IPv4" : "IPv6");
    const FlowKey asked{v4 ? kPod4 : kPod6, v4 ? kService4 : kService6, 40000, 80, Protocol::kSctp};
    const PuntService there = Serve(asked);
    ASSERT_EQ(there.fate, Fate::kForwarded);
    EXPECT_TRUE(FlowChecksumsAreRight(SentBy(there)));
    const FlowKey at_endpoint = ParseFlow(SentBy(there))->key;
    EXPECT_EQ(at_endpoint.source, asked.source);
    EXPECT_EQ(at_endpoint.destination_port, 8080);
    const bool local =
        at_endpoint.destination == kEndpoint6 || at_endpoint.destination == kEndpoint4;
    EXPECT_EQ(there.egress, local ? Port::kNode : Port::kUplink);
    const PuntService again = Serve(asked);
    EXPECT_EQ(SentBy(again), SentBy(there));
    const PuntService back = Serve({at_endpoint.destination, at_endpoint.source, 8080,
                                    at_endpoint.source_port, Protocol::kSctp});
    ASSERT_EQ(back.fate, Fate::kForwarded);
    EXPECT_TRUE(FlowChecksumsAreRight(SentBy(back)));
    EXPECT_EQ(ParseFlow(SentBy(back))->key,
              (FlowKey{asked.destination, asked.source, 80, 40000, Protocol::kSctp}));
    EXPECT_EQ(back.egress, Port::kNode);
  }
  EXPECT_EQ(path_.connections().size(), 2u);
}

TEST_F(SoftwarePathTest, MasqueradesWithAnAddressOfTheFamily) {
  const PuntService there = Serve({kOutside6, kService6, 40000, 80, Protocol::kSctp});
  const FlowKey at_endpoint = ParseFlow(SentBy(there))->key;
  EXPECT_EQ(at_endpoint.source, kNode6);
  EXPECT_GE(at_endpoint.source_port, 0xc000);
  const PuntService back =
      Serve({at_endpoint.destination, kNode6, 8080, at_endpoint.source_port, Protocol::kSctp});
  EXPECT_EQ(ParseFlow(SentBy(back))->key.destination, kOutside6);
  EXPECT_EQ(back.egress, Port::kUplink);
  Forwarding without = World();
  without.masquerade_address_v6 = Address();
  Set(without);
  EXPECT_EQ(Serve({kOutside6, kService6, 40001, 80, Protocol::kSctp}).reason,
            Reason::kNoMasqueradeAddress);
}

TEST_F(SoftwarePathTest, AHairpinIsMasqueraded) {
  std::set<Address> sources;
  for (uint16_t port = 1; port < 50; ++port) {
    const PuntService there = Serve({kEndpoint6, kService6, port, 80, Protocol::kSctp});
    const FlowKey sent = ParseFlow(SentBy(there))->key;
    EXPECT_EQ(sent.source, sent.destination == kEndpoint6 ? kNode6 : kEndpoint6);
    sources.insert(sent.source);
  }
  EXPECT_EQ(sources.size(), 2u);
}

TEST_F(SoftwarePathTest, ManyMasqueradedConnectionsHaveSourcePortsOfTheirOwn) {
  Forwarding wanted = World();
  wanted.masquerade_ports = {.base = 0x8000, .mask = 0x000f};
  Set(wanted);
  std::set<std::pair<Address, uint16_t>> taken;
  int dropped = 0;
  for (uint16_t port = 1; port <= 40; ++port) {
    const PuntService there = Serve({kOutside6, kService6, port, 80, Protocol::kSctp});
    if (there.fate == Fate::kDropped) {
      EXPECT_EQ(there.reason, Reason::kSourcePortTaken);
      ++dropped;
      continue;
    }
    const FlowKey sent = ParseFlow(SentBy(there))->key;
    EXPECT_TRUE(taken.insert({sent.destination, sent.source_port}).second);
  }
  EXPECT_EQ(taken.size(), 32u);
  EXPECT_EQ(dropped, 8);
}

TEST_F(SoftwarePathTest, AFullTableDropsNewConnections) {
  for (uint16_t port = 1; port <= 101; ++port) {
    const PuntService there = Serve({kPod6, kService6, port, 80, Protocol::kSctp});
    EXPECT_EQ(there.fate, port <= 100 ? Fate::kForwarded : Fate::kDropped);
  }
  path_.Forget();
  EXPECT_EQ(path_.connections().size(), 0u);
}

TEST_F(SoftwarePathTest, RefusesWhatIsSentToServicesInVain) {
  const struct {
    Address destination;
    uint16_t port;
    Fate fate;
  } cases[] = {{kService6, 81, Fate::kRejected},
               {kOtherService6, 81, Fate::kRejected},
               {kUnusedService6, 80, Fate::kDropped},
               {kEndpoint6, 80, Fate::kPassed}};
  for (const auto& c : cases) {
    const PuntService service = Serve({kPod6, c.destination, 40000, c.port, Protocol::kSctp});
    EXPECT_EQ(service.fate, c.fate) << Describe(c.destination);
    EXPECT_EQ(service.egress, service.fate == Fate::kRejected ? Port::kNode : Port::kUplink);
  }
  const auto over_tcp = [&](const Address& to, uint16_t port) {
    const Address& from = to.is_v4() ? kPod4 : kPod6;
    return Serve({from, to, 40000, port, Protocol::kTcp}, Reason::kServiceRange).fate;
  };
  EXPECT_EQ(over_tcp(kService4, 81), Fate::kRejected);
  EXPECT_EQ(over_tcp(kUnusedService4, 80), Fate::kDropped);
  EXPECT_EQ(over_tcp(Ipv4Address{0x0a610000}, 80), Fate::kPassed);
  EXPECT_EQ(over_tcp(kService6, 81), Fate::kRejected);
  EXPECT_EQ(over_tcp(kUnusedService6, 80), Fate::kDropped);
  EXPECT_EQ(over_tcp(kEndpoint6, 80), Fate::kPassed);
}

TEST_F(SoftwarePathTest, AffinityGivesBackTheSameEndpoint) {
  const auto ask = [&](const Address& client, uint16_t port) {
    const Address& service = client.is_v4() ? kService4 : kAffineService6;
    const PuntService answer =
        Serve({client, service, port, 80, Protocol::kTcp}, Reason::kHostDecides);
    EXPECT_EQ(answer.fate, Fate::kRetry);
    return EndpointOf(answer);
  };
  for (const Address& client : {kPod4, kPod6}) {
    const Address first = ask(client, 1);
    EXPECT_EQ(first.is_v4(), client.is_v4());
    for (uint16_t port = 2; port < 60; ++port) {
      now_ += absl::Seconds(99);
      EXPECT_EQ(ask(client, port), first);
    }
    std::set<Address> later;
    for (uint16_t port = 100; port < 160; ++port) {
      now_ += absl::Seconds(100);
      later.insert(ask(client, port));
    }
    EXPECT_EQ(later.size(), 2u);
  }
}

TEST_F(SoftwarePathTest, AffinityToAnEndpointThatIsGoneIsChosenAnew) {
  const PuntService before = Serve({kPod4, kService4, 1, 80, Protocol::kTcp}, Reason::kHostDecides);
  const Address gone = EndpointOf(before);
  Forwarding wanted = World();
  for (FrontendHalf* half : {&wanted.frontends[4].inside, &wanted.frontends[4].outside}) {
    std::erase_if(half->endpoints, [&](const Backend& b) { return b.address == gone; });
  }
  Set(wanted);
  const PuntService after = Serve({kPod4, kService4, 2, 80, Protocol::kTcp}, Reason::kHostDecides);
  const Address chosen = EndpointOf(after);
  EXPECT_NE(chosen, gone);
  Set(World());
  const PuntService later = Serve({kPod4, kService4, 3, 80, Protocol::kTcp}, Reason::kHostDecides);
  EXPECT_EQ(EndpointOf(later), chosen);
}

// The card is told of each client that met an endpoint, in a way that holds: by a slot of the run.
TEST_F(SoftwarePathTest, TheCardIsToldWhomAClientMet) {
  for (const Address& client : {kPod4, kOutside4, kPod6, kOutside6}) {
    const FlowKey asked{client, client.is_v4() ? kService4 : kAffineService6, 1, 80,
                        Protocol::kTcp};
    const PuntService answer = Serve(asked, Reason::kHostDecides);
    const std::vector<RowWrite> writes = path_.TakeWrites();
    ASSERT_EQ(writes.size(), 1u);
    EXPECT_EQ(path_.AffinityWriteOf(writes[0].index), writes[0]);
    const auto row = UnpackRow<AffinityRow>(writes[0].row);
    const FrontendRow& frontend = *FindFrontendRow(
        image_.frontends, {asked.destination, asked.destination_port, asked.protocol});
    EXPECT_TRUE(row.valid);
    EXPECT_EQ(row.group, frontend.affinity_group);
    EXPECT_EQ(Address::FromBits(row.client_address), client);
    EXPECT_EQ(row.endpoint, answer.directed_endpoint);
    EXPECT_EQ(image_.slots[row.slot].endpoint, row.endpoint);
    const bool outside = client == kOutside4 || client == kOutside6;
    const uint32_t base = outside ? frontend.outside_slots_base : frontend.inside_slots_base;
    EXPECT_EQ(row.slot >> frontend.inside_slots_log2 << frontend.inside_slots_log2, base);
  }
}

TEST_F(SoftwarePathTest, TheCardForgetsAClientWhoseTimeIsOver) {
  const FlowKey asked{kPod4, kService4, 1, 80, Protocol::kTcp};
  const PuntService answer = Serve(asked, Reason::kHostDecides);
  const EndpointId met{EndpointOf(answer), 8080};
  path_.TakeWrites();
  // By the card's own: it tells of the connections it recorded.
  for (int connection = 0; connection < 3; ++connection) {
    now_ += absl::Seconds(99);
    path_.ExpireAffinity(now_);
    EXPECT_THAT(path_.TakeWrites(), testing::IsEmpty());
    path_.Learned(asked, met, now_);
  }
  now_ += absl::Seconds(100);
  path_.ExpireAffinity(now_);
  const std::vector<RowWrite> writes = path_.TakeWrites();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].row, RowBits{});
  path_.ExpireAffinity(now_);
  EXPECT_THAT(path_.TakeWrites(), testing::IsEmpty());
}

TEST_F(SoftwarePathTest, TheCardForgetsTheClientsOfAGroupThatIsGone) {
  Serve({kPod4, kService4, 1, 80, Protocol::kTcp}, Reason::kHostDecides);
  path_.TakeWrites();
  Forwarding wanted = World();
  wanted.frontends[4].affinity_seconds = 0;
  Set(wanted);
  path_.ExpireAffinity(now_);
  EXPECT_EQ(path_.TakeWrites().size(), 1u);
}

TEST_F(SoftwarePathTest, TheCardIsNotToldWhereTheHostDecidesAboutAll) {
  Forwarding wanted = World();
  wanted.frontends[4].scheduler = Scheduler::kRoundRobin;
  Set(wanted);
  Serve({kPod4, kService4, 1, 80, Protocol::kTcp}, Reason::kHostDecides);
  EXPECT_THAT(path_.TakeWrites(), testing::IsEmpty());
}

TEST_F(SoftwarePathTest, SourceRangesLookAtTheOriginalSource) {
  Forwarding wanted = World();
  wanted.frontends[4].source_ranges = {Ipv4Prefix({0xcb007100}, 25)};
  wanted.frontends[4].affinity_seconds = 0;
  Set(wanted);
  const auto fate = [&](const Address& client) {
    return Serve({client, kService4, 1, 80, Protocol::kTcp}, Reason::kHostDecides).fate;
  };
  EXPECT_EQ(fate(kOutside4), Fate::kRetry);
  EXPECT_EQ(fate(Ipv4Address{0xcb007182}), Fate::kDropped);
  EXPECT_EQ(fate(kPod4), Fate::kDropped);
  wanted.frontends[4].inside = wanted.frontends[4].outside = {};
  Set(wanted);
  EXPECT_EQ(fate(kOutside4), Fate::kRejected);
  EXPECT_EQ(fate(kPod4), Fate::kDropped);
}

TEST_F(SoftwarePathTest, TakenSourcePortsAreTriedAgain) {
  Forwarding wanted = World();
  wanted.frontends[4].scheduler = Scheduler::kRoundRobin;
  Set(wanted);
  const FlowKey hosted{kPod4, kService4, 1, 80, Protocol::kTcp};
  const PuntService first = Serve(hosted, Reason::kHostDecides);
  const PuntService next = Serve(hosted, Reason::kSourcePortTaken, Port::kNode, 0);
  EXPECT_EQ(next.fate, Fate::kRetry);
  EXPECT_EQ(next.attempt, 1);
  EXPECT_EQ(next.directed_endpoint, first.directed_endpoint);
  Set(World());
  EXPECT_EQ(Serve(hosted, Reason::kSourcePortTaken).directed_endpoint, std::nullopt)
      << "table affinity knows the client";
  const FlowKey other{kPod4, kEndpoint4, 1, 80, Protocol::kTcp};
  EXPECT_EQ(Serve(other, Reason::kSourcePortTaken, Port::kNode, 3).attempt, 4);
  EXPECT_EQ(Serve(other, Reason::kSourcePortTaken, Port::kNode, 3).directed_endpoint, std::nullopt);
  EXPECT_EQ(Serve(hosted, Reason::kSourcePortTaken, Port::kNode, kSourcePortAttempts - 1).fate,
            Fate::kDropped);
}

TEST_F(SoftwarePathTest, HopLimitsThatAreTooSmallAreAnswered) {
  for (const auto& [protocol, reason] : {std::pair{Protocol::kSctp, Reason::kSctp},
                                         std::pair{Protocol::kUdp, Reason::kTtlExpired}}) {
    std::vector<uint8_t> frame = ProbeFrame({kPod6, kService6, 1, 80, protocol});
    frame[kIpv6HopLimitOffset] = 1;
    const PuntService service = path_.Serve({frame, Port::kNode, reason, 0}, now_, KnowsNone);
    EXPECT_EQ(service.fate, Fate::kAnswered) << Name(reason);
    const std::vector<uint8_t> answer = SentBy(service);
    EXPECT_EQ(answer[kIpv6TransportOffset], 3);
    EXPECT_EQ(Address::FromBytes(std::span(answer).subspan(kIpv6SourceOffset, 16)), kNode6);
    EXPECT_EQ(path_.connections().size(), 0u);
  }
}

// Over IPv6 the card asks what it asks over IPv4.
TEST_F(SoftwarePathTest, AnswersForTcpOverIpv6) {
  const FlowKey asked{kPod6, kService6, 1, 80, Protocol::kTcp};
  const PuntService rejected = Serve(asked, Reason::kReject);
  EXPECT_EQ(rejected.fate, Fate::kRejected);
  EXPECT_EQ(ParseFlow(SentBy(rejected))->key, HostConnection::Reversed(asked));
  const PuntService taken = Serve(asked, Reason::kSourcePortTaken, Port::kNode, 2);
  EXPECT_EQ(taken.fate, Fate::kRetry);
  EXPECT_EQ(taken.attempt, 3);
  EXPECT_EQ(taken.directed_endpoint, std::nullopt);
  const PuntService homeless = Serve(asked, Reason::kNoMasqueradeAddress);
  EXPECT_EQ(homeless.fate, Fate::kDropped);
  EXPECT_EQ(homeless.reason, Reason::kNoMasqueradeAddress);
  EXPECT_EQ(path_.connections().size(), 0u);
}

// A VLAN tag is the node's business: it stays, on what goes on and on answers.
TEST_F(SoftwarePathTest, TagsStay) {
  constexpr uint8_t kTag[] = {0x81, 0x00, 0x20, 0x07};
  const auto tagged = [&](std::vector<uint8_t> frame) {
    frame.insert(frame.begin() + kEtherTypeOffset, std::begin(kTag), std::end(kTag));
    return frame;
  };
  TcpSpec spec;
  spec.ip.destination = kUnusedService4.v4();
  for (const Reason reason : {Reason::kReject, Reason::kServiceRange, Reason::kFragment}) {
    const std::vector<uint8_t> frame = BuildTcp(spec);
    const PuntService plain =
        path_.Serve({frame, Port::kNode, reason}, absl::UnixEpoch(), KnowsNone);
    const std::vector<uint8_t> tagged_frame = tagged(frame);
    const PuntService with_tag =
        path_.Serve({tagged_frame, Port::kNode, reason}, absl::UnixEpoch(), KnowsNone);
    EXPECT_EQ(with_tag.fate, plain.fate);
    EXPECT_EQ(SentBy(with_tag), SentBy(plain).empty() ? SentBy(plain) : tagged(SentBy(plain)));
  }
}

// The endpoint on another node is behind a tunnel, and so are clients there.
class TunnelPathTest : public SoftwarePathTest {
 protected:
  static constexpr Tunnel kTunnel{.address = {0xc0a80002}, .vni = 7, .mac = {2}, .mtu = 1400};
  static constexpr Ipv4Address kOtherNode{0xc0a80003};

  void SetUp() override {
    Forwarding wanted = World();
    wanted.tunnel = kTunnel;
    for (Frontend& frontend : wanted.frontends) {
      for (FrontendHalf* half : {&frontend.inside, &frontend.outside}) {
        for (Backend& endpoint : half->endpoints) {
          if (endpoint.next_hop != kGateway) continue;
          endpoint.next_hop.vxlan_address = kOtherNode;
          endpoint.next_hop.vxlan_mac = {3};
        }
      }
    }
    Set(wanted);
  }

  static std::vector<uint8_t> ThroughTunnel(const std::vector<uint8_t>& frame) {
    std::vector<uint8_t> whole(kTunnelBytes + frame.size());
    std::ranges::copy(frame, whole.begin() + kTunnelBytes);
    Tunnel theirs = kTunnel;
    theirs.address = kOtherNode;
    WriteTunnelHeaders(whole.data(), theirs, {.macs = {2, 1}, .address = kTunnel.address},
                       {.frame_bytes = frame.size(), .tos = 0, .flow_port = 5000});
    return whole;
  }
};

TEST_F(TunnelPathTest, SctpGoesInWithoutATagAndComesOut) {
  int in_tunnel = 0;
  for (uint16_t port = 40000; port < 40020; ++port) {
    const FlowKey asked{kPod4, kService4, port, 80, Protocol::kSctp};
    const std::vector<uint8_t> frame = WithVlanTag(ProbeFrame(asked), 7);
    const PuntService there = path_.Serve({frame, Port::kNode, Reason::kSctp, 0}, now_, KnowsNone);
    ASSERT_EQ(there.fate, Fate::kForwarded);
    if (!there.into_tunnel) continue;
    ++in_tunnel;
    const std::vector<uint8_t> outside = SentBy(there);
    EXPECT_EQ(LoadBe32(&outside[kDestinationAddressOffset]), kOtherNode.value);
    const std::vector<uint8_t> inside(outside.begin() + kTunnelBytes, outside.end());
    EXPECT_TRUE(FlowChecksumsAreRight(inside));
    const FlowKey sent = ParseFlow(inside)->key;
    const std::vector<uint8_t> answer = ThroughTunnel(ProbeFrame(HostConnection::Reversed(sent)));
    const PuntService back =
        path_.Serve({answer, Port::kUplink, Reason::kSctp, 0}, now_, KnowsNone);
    EXPECT_EQ(back.fate, Fate::kForwarded);
    EXPECT_EQ(ParseFlow(SentBy(back))->key, HostConnection::Reversed(asked));
  }
  EXPECT_GT(in_tunnel, 0);
}

TEST_F(TunnelPathTest, AnswersGoBackAsTheyCame) {
  const FlowKey asked{kPod6, kOtherService6, 40000, 80, Protocol::kTcp};
  const std::vector<uint8_t> whole = ThroughTunnel(ProbeFrame(asked));
  const PuntService reject =
      path_.Serve({whole, Port::kUplink, Reason::kReject, 0}, now_, KnowsNone);
  EXPECT_EQ(reject.fate, Fate::kRejected);
  EXPECT_EQ(reject.egress, Port::kUplink);
  const std::vector<uint8_t> sent = SentBy(reject);
  EXPECT_EQ(LoadBe32(&sent[kDestinationAddressOffset]), kOtherNode.value);
  EXPECT_EQ(LoadBe32(&sent[kSourceAddressOffset]), kTunnel.address.value);
  const std::vector<uint8_t> inside(sent.begin() + kTunnelBytes, sent.end());
  EXPECT_EQ(ParseFlow(inside)->key, HostConnection::Reversed(asked));
  const PuntService passed =
      path_.Serve({whole, Port::kUplink, Reason::kFragment, 0}, now_, KnowsNone);
  EXPECT_EQ(passed.fate, Fate::kPassed);
  EXPECT_EQ(SentBy(passed), whole);
}

TEST_F(TunnelPathTest, WhatIsTooBigIsAnsweredWithTheTunnelsMtu) {
  const FrameBytes frame = BuildTcp(
      {.ip = {.source = kPod4.v4(), .destination = kService4.v4()}, .payload = FrameBytes(1400)});
  const PuntService service =
      path_.Serve({frame, Port::kNode, Reason::kTooBig, 0}, now_, KnowsNone);
  EXPECT_EQ(service.fate, Fate::kAnswered);
  EXPECT_EQ(service.egress, Port::kNode);
  EXPECT_EQ(LoadBe32(&SentBy(service)[kTransportOffset + 4]), kTunnel.mtu);
}

TEST_F(SoftwarePathTest, ConnectionsEndWithTime) {
  const FlowKey asked{kPod6, kService6, 1000, 80, Protocol::kSctp};
  const auto state = [&] { return path_.connections().Find(asked).connection->state; };
  const PuntService there = Serve(asked);
  EXPECT_EQ(state(), ConnectionState::kUnconfirmed);
  Serve(HostConnection::Reversed(ParseFlow(SentBy(there))->key));
  EXPECT_EQ(state(), ConnectionState::kEstablished);
  now_ += absl::Seconds(100);
  Serve(asked);
  EXPECT_EQ(path_.connections().Find(asked).connection->last_seen, TickOf(now_));
  EXPECT_EQ(path_.Sweep(now_ + absl::Seconds(180)), 0u);
  EXPECT_EQ(path_.Sweep(now_ + absl::Seconds(181)), 1u);
  EXPECT_EQ(path_.connections().size(), 0u);
}

TEST_F(SoftwarePathTest, OtherReasonsAreAnsweredAsEver) {
  const FrameBytes tcp = BuildTcp({});
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kFragment, 0}, now_, KnowsNone).fate,
            Fate::kPassed);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kReject, 0}, now_, KnowsNone).fate,
            Fate::kRejected);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kTtlExpired, 0}, now_, KnowsNone).fate,
            Fate::kAnswered);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kConnectionTableFull, 0}, now_, KnowsNone).fate,
            Fate::kDropped);
}

TEST_F(SoftwarePathTest, AnyBytesForAnyReason) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> frame =
        ProbeFrame({kPod6, kService6, static_cast<uint16_t>(random()), 80, Protocol::kSctp});
    frame.resize(random() % (frame.size() + 1));
    for (size_t flips = random() % 8; flips > 0 && !frame.empty(); --flips) {
      frame[random() % frame.size()] = static_cast<uint8_t>(random());
    }
    const auto reason = static_cast<Reason>(random() % 25);
    const PuntService service = path_.Serve({frame, Port::kUplink, reason, 0}, now_, KnowsNone);
    if (service.fate == Fate::kForwarded) {
      EXPECT_EQ(SentBy(service).size(), frame.size());
    }
  }
}

}  // namespace
}  // namespace pointsman
