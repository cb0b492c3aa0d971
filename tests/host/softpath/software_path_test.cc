#include "host/softpath/software_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "flow_tables/big_endian.h"
#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "host/conformance/probe.h"
#include "host/softpath/tick.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;

const Address kService6 = Address::FromWords(0xfd00001000960000, 0x10);
const Address kOtherService6 = Address::FromWords(0xfd00001000960000, 0x11);
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

// IPv6 over all protocols, SCTP over IPv4, and one TCP Service over IPv4 with affinity.
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
    path_.SetForwarding(std::make_shared<const Forwarding>(wanted), image_);
  }

  PuntService Serve(const FlowKey& probe, Reason reason, Port ingress = Port::kNode,
                    uint8_t attempt = 0) {
    const std::vector<uint8_t> frame = ProbeFrame(probe);
    return path_.Serve({frame, ingress, reason, attempt}, now_);
  }
  static Reason ReasonOf(const FlowKey& probe) {
    return probe.source.is_v4() ? Reason::kSctp : Reason::kIpv6;
  }
  PuntService Serve(const FlowKey& probe) { return Serve(probe, ReasonOf(probe)); }

  EndpointRow Row(const PuntService& service) const {
    return image_.endpoints.at(service.directed_endpoint.value());
  }

  Image image_;
  SoftwarePath path_{100};
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(SoftwarePathTest, CarriesConnectionsBothWays) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
    for (const bool v4 : {false, true}) {
      if (v4 && protocol != Protocol::kSctp) continue;
      SCOPED_TRACE(std::string(Name(protocol)) + (v4 ? " v4" : " v6"));
      const FlowKey asked{v4 ? kPod4 : kPod6, v4 ? kService4 : kService6, 40000, 80, protocol};
      const PuntService there = Serve(asked);
      ASSERT_EQ(there.fate, Fate::kForwarded);
      EXPECT_TRUE(FlowChecksumsAreRight(there.frame));
      const FlowKey at_endpoint = ParseFlow(there.frame)->key;
      EXPECT_EQ(at_endpoint.source, asked.source);
      EXPECT_EQ(at_endpoint.destination_port, 8080);
      const bool local =
          at_endpoint.destination == kEndpoint6 || at_endpoint.destination == kEndpoint4;
      EXPECT_EQ(there.egress, local ? Port::kNode : Port::kUplink);
      const PuntService again = Serve(asked);
      EXPECT_EQ(again.frame, there.frame);
      const PuntService back = Serve(
          {at_endpoint.destination, at_endpoint.source, 8080, at_endpoint.source_port, protocol});
      ASSERT_EQ(back.fate, Fate::kForwarded);
      EXPECT_TRUE(FlowChecksumsAreRight(back.frame));
      EXPECT_EQ(ParseFlow(back.frame)->key,
                (FlowKey{asked.destination, asked.source, 80, 40000, protocol}));
      EXPECT_EQ(back.egress, Port::kNode);
    }
  }
  EXPECT_EQ(path_.connections().size(), 4u);
}

TEST_F(SoftwarePathTest, MasqueradesWithAnAddressOfTheFamily) {
  const PuntService there = Serve({kOutside6, kService6, 40000, 80, Protocol::kTcp});
  const FlowKey at_endpoint = ParseFlow(there.frame)->key;
  EXPECT_EQ(at_endpoint.source, kNode6);
  EXPECT_GE(at_endpoint.source_port, 0xc000);
  const PuntService back =
      Serve({at_endpoint.destination, kNode6, 8080, at_endpoint.source_port, Protocol::kTcp});
  EXPECT_EQ(ParseFlow(back.frame)->key.destination, kOutside6);
  EXPECT_EQ(back.egress, Port::kUplink);
  Forwarding without = World();
  without.masquerade_address_v6 = Address();
  Set(without);
  EXPECT_EQ(Serve({kOutside6, kService6, 40001, 80, Protocol::kTcp}).fate, Fate::kDropped);
}

TEST_F(SoftwarePathTest, AHairpinIsMasqueraded) {
  std::set<Address> sources;
  for (uint16_t port = 1; port < 50; ++port) {
    const PuntService there = Serve({kEndpoint6, kService6, port, 80, Protocol::kUdp});
    const FlowKey sent = ParseFlow(there.frame)->key;
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
    const PuntService there = Serve({kOutside6, kService6, port, 80, Protocol::kTcp});
    if (there.fate == Fate::kDropped) {
      EXPECT_EQ(there.reason, Reason::kSourcePortTaken);
      ++dropped;
      continue;
    }
    const FlowKey sent = ParseFlow(there.frame)->key;
    EXPECT_TRUE(taken.insert({sent.destination, sent.source_port}).second);
  }
  EXPECT_EQ(taken.size(), 32u);
  EXPECT_EQ(dropped, 8);
}

TEST_F(SoftwarePathTest, AFullTableDropsNewConnections) {
  for (uint16_t port = 1; port <= 101; ++port) {
    const PuntService there = Serve({kPod6, kService6, port, 80, Protocol::kTcp});
    EXPECT_EQ(there.fate, port <= 100 ? Fate::kForwarded : Fate::kDropped);
  }
  EXPECT_EQ(path_.EraseIf([](const HostConnection& c) { return c.original.source_port <= 50; }),
            50u);
  EXPECT_EQ(Serve({kPod6, kService6, 101, 80, Protocol::kTcp}).fate, Fate::kForwarded);
  path_.Forget();
  EXPECT_EQ(path_.connections().size(), 0u);
}

TEST_F(SoftwarePathTest, RefusesWhatIsSentToServicesInVain) {
  const struct {
    Address destination;
    uint16_t port;
    Fate fate;
  } cases[] = {{kService6, 81, Fate::kRejected},
               {kOtherService6, 80, Fate::kRejected},
               {kUnusedService6, 80, Fate::kDropped},
               {kEndpoint6, 80, Fate::kPassed}};
  for (const auto& c : cases) {
    const PuntService service = Serve({kPod6, c.destination, 40000, c.port, Protocol::kTcp});
    EXPECT_EQ(service.fate, c.fate) << Describe(c.destination);
    EXPECT_EQ(service.egress, service.fate == Fate::kRejected ? Port::kNode : Port::kUplink);
  }
  const auto over_v4 = [&](const Address& to, uint16_t port) {
    return Serve({kPod4, to, 40000, port, Protocol::kTcp}, Reason::kServiceRange).fate;
  };
  EXPECT_EQ(over_v4(kService4, 81), Fate::kRejected);
  EXPECT_EQ(over_v4(kUnusedService4, 80), Fate::kDropped);
  EXPECT_EQ(over_v4(Ipv4Address{0x0a610000}, 80), Fate::kPassed);
}

TEST_F(SoftwarePathTest, AffinityGivesBackTheSameEndpoint) {
  const auto ask = [&](const Address& client, uint16_t port) {
    const PuntService service =
        Serve({client, kService4, port, 80, Protocol::kTcp}, Reason::kHostDecides);
    EXPECT_EQ(service.fate, Fate::kRetry);
    return Row(service).address;
  };
  const uint32_t first = ask(kPod4, 1);
  for (uint16_t port = 2; port < 60; ++port) {
    now_ += absl::Seconds(99);
    EXPECT_EQ(ask(kPod4, port), first);
  }
  std::set<uint32_t> later;
  for (uint16_t port = 100; port < 160; ++port) {
    now_ += absl::Seconds(100);
    later.insert(ask(kPod4, port));
  }
  EXPECT_EQ(later.size(), 2u);
}

TEST_F(SoftwarePathTest, AffinityToAnEndpointThatIsGoneIsChosenAnew) {
  const PuntService before = Serve({kPod4, kService4, 1, 80, Protocol::kTcp}, Reason::kHostDecides);
  const uint32_t gone = Row(before).address;
  Forwarding wanted = World();
  for (FrontendHalf* half : {&wanted.frontends[4].inside, &wanted.frontends[4].outside}) {
    std::erase_if(half->endpoints,
                  [&](const Backend& b) { return b.address == Address(Ipv4Address{gone}); });
  }
  Set(wanted);
  const PuntService after = Serve({kPod4, kService4, 2, 80, Protocol::kTcp}, Reason::kHostDecides);
  const uint32_t chosen = Row(after).address;
  EXPECT_NE(chosen, gone);
  Set(World());
  const PuntService later = Serve({kPod4, kService4, 3, 80, Protocol::kTcp}, Reason::kHostDecides);
  EXPECT_EQ(Row(later).address, chosen);
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
  const FlowKey hosted{kPod4, kService4, 1, 80, Protocol::kTcp};
  const PuntService first = Serve(hosted, Reason::kHostDecides);
  const PuntService next = Serve(hosted, Reason::kSourcePortTaken, Port::kNode, 0);
  EXPECT_EQ(next.fate, Fate::kRetry);
  EXPECT_EQ(next.attempt, 1);
  EXPECT_EQ(next.directed_endpoint, first.directed_endpoint);
  const FlowKey other{kPod4, kEndpoint4, 1, 80, Protocol::kTcp};
  EXPECT_EQ(Serve(other, Reason::kSourcePortTaken, Port::kNode, 3).attempt, 4);
  EXPECT_EQ(Serve(other, Reason::kSourcePortTaken, Port::kNode, 3).directed_endpoint, std::nullopt);
  EXPECT_EQ(Serve(hosted, Reason::kSourcePortTaken, Port::kNode, kSourcePortAttempts - 1).fate,
            Fate::kDropped);
}

TEST_F(SoftwarePathTest, HopLimitsThatAreTooSmallAreAnswered) {
  std::vector<uint8_t> frame = ProbeFrame({kPod6, kService6, 1, 80, Protocol::kUdp});
  frame[kIpv6HopLimitOffset] = 1;
  const PuntService service = path_.Serve({frame, Port::kNode, Reason::kIpv6, 0}, now_);
  EXPECT_EQ(service.fate, Fate::kAnswered);
  EXPECT_EQ(service.frame[kIpv6TransportOffset], 3);
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
    const PuntService plain = path_.Serve({frame, Port::kNode, reason}, absl::UnixEpoch());
    const std::vector<uint8_t> tagged_frame = tagged(frame);
    const PuntService with_tag =
        path_.Serve({tagged_frame, Port::kNode, reason}, absl::UnixEpoch());
    EXPECT_EQ(with_tag.fate, plain.fate);
    EXPECT_EQ(with_tag.frame, plain.frame.empty() ? plain.frame : tagged(plain.frame));
  }
}

TEST_F(SoftwarePathTest, ConnectionsEndByState) {
  const absl::Time start = absl::UnixEpoch();
  HostConnections connections(10);
  const FlowKey key{kPod6, kService6, 1000, 80, Protocol::kTcp};
  const FlowKey to{kPod6, kEndpoint6, 1000, 8080, Protocol::kTcp};
  ASSERT_EQ(connections.Record(
                {.original = key, .translated = to, .to_endpoint = kPodHop, .to_client = kPodHop}),
            RecordResult::kRecorded);
  const auto state = [&] { return connections.Find(key).connection->state; };
  connections.Touch(HostConnection::Reversed(to), kTcpSyn | kTcpAck, TickOf(start));
  EXPECT_EQ(state(), ConnectionState::kHalfOpen);
  connections.Touch(key, kTcpAck, TickOf(start + absl::Seconds(1)));
  EXPECT_EQ(state(), ConnectionState::kEstablished);
  EXPECT_EQ(connections.Find(key).connection->last_seen, TickOf(start + absl::Seconds(1)));
  connections.Touch(key, kTcpRst, TickOf(start + absl::Seconds(2)));
  EXPECT_EQ(state(), ConnectionState::kClosed);
}

TEST_F(SoftwarePathTest, OtherReasonsAreAnsweredAsEver) {
  const FrameBytes tcp = BuildTcp({});
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kFragment, 0}, now_).fate, Fate::kPassed);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kReject, 0}, now_).fate, Fate::kRejected);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kTtlExpired, 0}, now_).fate, Fate::kAnswered);
  EXPECT_EQ(path_.Serve({tcp, Port::kNode, Reason::kConnectionTableFull, 0}, now_).fate,
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
    const auto reason = static_cast<Reason>(random() % 21);
    const PuntService service = path_.Serve({frame, Port::kUplink, reason, 0}, now_);
    if (service.fate == Fate::kForwarded) {
      EXPECT_EQ(service.frame.size(), frame.size());
    }
  }
}

}  // namespace
}  // namespace pointsman
