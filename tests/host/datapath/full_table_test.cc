// Connections that find the tables of connections full: software carries them, both ways, and the
// ones before go on. The pipeline and the software path, as a node without a card has them.
#include <gtest/gtest.h>

#include <set>

#include "flow_tables/connection_life.h"
#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "host/datapath/datapath.h"
#include "host/datapath/pipeline_executor.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr NextHop kGateway{Port::kUplink, {0x020000000101}, {0x020000000102}};
constexpr NextHop kPodHop{Port::kNode, {0x020000000201}, {0x020000000101}};
constexpr uint16_t kFirstPort = 40000;
// A bucket of each bank has 16 ways.
constexpr uint32_t kRows = 32;
constexpr uint16_t kConnections = 60;

struct World {
  Address service, client, endpoint, node;
};
const World kWorldV4{Ipv4Address{0x0a60000a}, Ipv4Address{0xcb007102}, Ipv4Address{0x0af4010a},
                     Ipv4Address{0xc0a80002}};
const World kWorldV6{
    Address::FromWords(0xfd00001000960000, 0x10), Address::FromWords(0x2600520000000000, 1),
    Address::FromWords(0xfd00001000000001, 0xa), Address::FromWords(0x20010db800000000, 1)};

Forwarding ForwardingOf(const World& world) {
  Forwarding wanted;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    Frontend frontend;
    frontend.name = Name(protocol);
    frontend.address = world.service;
    frontend.port = 80;
    frontend.protocol = protocol;
    const std::vector<Backend> endpoints = {{world.endpoint, 8080, kPodHop}};
    frontend.inside = {FrontendAction::kForward, false, endpoints};
    frontend.outside = {FrontendAction::kForward, true, endpoints};
    wanted.frontends.push_back(frontend);
  }
  wanted.gateway = kGateway;
  // So few that candidates meet all the time.
  wanted.masquerade_ports = {.base = 0xc000, .mask = 0xff};
  wanted.masquerade_address = kWorldV4.node.v4();
  wanted.masquerade_address_v6 = kWorldV6.node;
  return wanted;
}

FrameBytes FrameOf(const FlowKey& key, uint8_t flags) {
  const bool v4 = key.source.is_v4();
  Ipv4Spec four;
  if (v4) four.source = key.source.v4(), four.destination = key.destination.v4();
  const Ipv6Spec six{.source = key.source, .destination = key.destination};
  if (key.protocol == Protocol::kUdp) {
    UdpSpec spec{.ip = four,
                 .source_port = key.source_port,
                 .destination_port = key.destination_port,
                 .payload = {1, 2, 3}};
    return v4 ? BuildUdp(spec) : BuildUdp(six, spec);
  }
  TcpSpec spec{.ip = four,
               .source_port = key.source_port,
               .destination_port = key.destination_port,
               .flags = flags,
               .payload = {1, 2, 3}};
  return v4 ? BuildTcp(spec) : BuildTcp(six, spec);
}

FlowKey TurnedRound(const FlowKey& key) {
  return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
}

class FullTableTest : public testing::TestWithParam<std::tuple<bool, Protocol>> {
 protected:
  FullTableTest() {
    CardSizes sizes = kSimSizes;
    sizes.originals = sizes.replies = sizes.originals_ipv6 = sizes.replies_ipv6 = kRows;
    datapath_ = std::make_unique<Datapath>(MakePipelineExecutor(sizes));
    const absl::Status status = datapath_->Program(ForwardingOf(world()));
    EXPECT_TRUE(status.ok()) << status;
  }

  static const World& world() { return std::get<0>(GetParam()) ? kWorldV4 : kWorldV6; }
  static Protocol protocol() { return std::get<1>(GetParam()); }
  static FlowKey Asked(uint16_t number) {
    return {world().client, world().service, static_cast<uint16_t>(kFirstPort + number), 80,
            protocol()};
  }

  ProcessedFrame Send(const FlowKey& key, uint8_t flags, Port ingress) {
    const std::vector<ReceivedFrame> frames = {{ingress, FrameOf(key, flags)}};
    auto processed = datapath_->Process(frames, now_);
    EXPECT_TRUE(processed.ok()) << processed.status();
    return processed.ok() ? processed->at(0) : ProcessedFrame{};
  }

  // What it leaves as. It must be translated, with right checksums.
  FlowKey Translated(const FlowKey& key, uint8_t flags, Port ingress) {
    const ProcessedFrame processed = Send(key, flags, ingress);
    EXPECT_EQ(processed.fate, Fate::kForwarded);
    if (processed.fate != Fate::kForwarded || processed.sent.size() != 1) return {};
    EXPECT_EQ(processed.sent[0].egress, ingress == Port::kUplink ? Port::kNode : Port::kUplink);
    EXPECT_TRUE(ChecksumsAreRight(processed.sent[0].frame));
    in_software_ += processed.served_in_software ? 1 : 0;
    return ParseFlow(processed.sent[0].frame).value().key;
  }

  // A request and its answer.
  void RoundTrip(uint16_t number, uint8_t request, uint8_t answer) {
    SCOPED_TRACE(number);
    const FlowKey asked = Asked(number);
    const FlowKey at_endpoint = Translated(asked, request, Port::kUplink);
    EXPECT_EQ(at_endpoint.source, world().node);
    EXPECT_EQ(at_endpoint.destination, world().endpoint);
    EXPECT_EQ(Translated(TurnedRound(at_endpoint), answer, Port::kNode), TurnedRound(asked));
    ports_.insert(at_endpoint.source_port);
  }

  std::unique_ptr<Datapath> datapath_;
  absl::Time now_ = absl::UnixEpoch();
  std::set<uint16_t> ports_;  // of the node
  int in_software_ = 0;
};

TEST_P(FullTableTest, AllConnectionsWorkBothWays) {
  for (uint16_t i = 0; i < kConnections; ++i) RoundTrip(i, kTcpSyn, kTcpSyn | kTcpAck);
  EXPECT_EQ(ports_.size(), kConnections);
  EXPECT_GE(in_software_, 2 * (kConnections - static_cast<int>(kRows)));

  in_software_ = 0;
  for (int round = 0; round < 3; ++round) {
    now_ += absl::Seconds(20);
    for (uint16_t i = 0; i < kConnections; ++i) RoundTrip(i, kTcpAck, kTcpAck | kTcpPush);
  }
  EXPECT_EQ(ports_.size(), kConnections);
  // The card's ones are the card's.
  EXPECT_EQ(in_software_, 3 * 2 * (kConnections - static_cast<int>(kRows)));
}

TEST_P(FullTableTest, WhenTheyAreOverNothingIsHandedOverAnyMore) {
  const FlowKey elsewhere{world().client, world().node, 1, 2, protocol()};
  EXPECT_FALSE(Send(elsewhere, kTcpSyn, Port::kUplink).served_in_software);
  for (uint16_t i = 0; i < kConnections; ++i) RoundTrip(i, kTcpSyn, kTcpSyn | kTcpAck);
  const ProcessedFrame passed = Send(elsewhere, kTcpSyn, Port::kUplink);
  EXPECT_TRUE(passed.served_in_software);
  EXPECT_EQ(passed.fate, Fate::kPassed);
  EXPECT_EQ(passed.sent.at(0).frame, FrameOf(elsewhere, kTcpSyn));

  for (uint16_t i = 0; i < kConnections; ++i) RoundTrip(i, kTcpAck | kTcpFin, kTcpAck | kTcpFin);
  const ConnectionTimeouts timeouts;
  const uint32_t ticks =
      protocol() == Protocol::kTcp ? timeouts.tcp_closed : timeouts.udp_established;
  now_ += absl::Seconds(ticks / kTicksPerSecond + 1);
  EXPECT_FALSE(Send(elsewhere, kTcpSyn, Port::kUplink).served_in_software);
  EXPECT_TRUE(Send(Asked(0), kTcpSyn, Port::kUplink).outcome.learned);
}

// One that is new meanwhile is the card's again, once there is room.
TEST_P(FullTableTest, NewOnesBeginInTheCardAgain) {
  for (uint16_t i = 0; i < kConnections; ++i) {
    RoundTrip(i, kTcpSyn, kTcpSyn | kTcpAck);
    // The card's half is closed at once.
    if (i < kRows && protocol() == Protocol::kTcp) RoundTrip(i, kTcpRst, kTcpRst);
  }
  now_ += absl::Seconds(protocol() == Protocol::kTcp ? 12 : 200);
  RoundTrip(kConnections - 1, kTcpAck, kTcpAck);
  const ProcessedFrame fresh = Send(Asked(1000), kTcpSyn, Port::kUplink);
  EXPECT_TRUE(fresh.outcome.learned);
  EXPECT_EQ(fresh.fate, Fate::kForwarded);
}

INSTANTIATE_TEST_SUITE_P(Families, FullTableTest,
                         testing::Combine(testing::Bool(),
                                          testing::Values(Protocol::kTcp, Protocol::kUdp)),
                         [](const auto& param) {
                           return std::string(std::get<0>(param.param) ? "Ipv4" : "Ipv6") +
                                  Name(std::get<1>(param.param));
                         });

}  // namespace
}  // namespace pointsman
