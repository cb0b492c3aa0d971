// Packets in batches, of both families and neither, against the same packets one by one.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/pipeline.h"
#include "tests/flow_tables/random.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Tunnel kTunnel{.address = {0xc0a80002}, .vni = 7, .mac = {0x02000000dd01}};
const Address kService6 = Address::FromWords(0xfd00009600000000, 1);
const Address kEndpoint6 = Address::FromWords(0xfd0000f500000000, 9);
const Address kNode6 = Address::FromWords(0x20010db800000000, 2);
constexpr Ipv4Address kService{0x0a600001}, kEndpoint{0x0af50009}, kNode{0xc0a80002};

// Frontends of either family that share counters, and so the quota of what is unconfirmed. TCP is
// masqueraded to few ports; tables of connections are small. `quota`: 0 is none.
std::shared_ptr<const Image> SmallWorld(uint32_t quota) {
  CardSizes sizes = kSimSizes;
  sizes.originals = sizes.originals_ipv6 = 64;
  ImageBuilder builder(sizes);
  const uint16_t gateway = builder.AddNextHop({Port::kUplink, {0x02000000aa01}, {0x02000000aa02}});
  const uint16_t pod = builder.AddNextHop({Port::kNode, {0x02000000cc01}, {0x02000000cc02}});
  builder.AddSource({0x0af40000}, 16, ClientClass::kLocalPod, gateway);
  for (const bool v4 : {true, false}) {
    const Address address = v4 ? Address(kService) : kService6;
    const uint32_t endpoint = builder.AddEndpoint(v4 ? kEndpoint : kEndpoint6, 8080, pod);
    const uint32_t base = builder.AddSlots({endpoint, endpoint});
    for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
      builder.AddFrontend({.destination_address = address.bits(),
                           .destination_port = static_cast<uint16_t>(protocol == 6 ? 80 : 53),
                           .protocol = protocol,
                           .counter = protocol,
                           .outside_masquerade = protocol == 6,
                           .outside_slots_log2 = 1,
                           .outside_slots_base = base,
                           .inside_slots_log2 = 1,
                           .inside_slots_base = base});
    }
  }
  Configuration& configuration = builder.image().configuration;
  configuration.masquerade_address = kNode;
  configuration.masquerade_address_v6 = kNode6.bits();
  configuration.masquerade_ports = {.base = 0xc000, .mask = 0x3f};
  configuration.tunnel = kTunnel;
  configuration.host_protocols.sctp = true;
  configuration.unconfirmed_quota = quota;
  return std::make_shared<const Image>(builder.image());
}

// Clients of few addresses and ports, so that known connections, taken ports and full tables all
// come up; one packet in four is an endpoint's answer.
class RandomTraffic {
 public:
  explicit RandomTraffic(std::mt19937_64& random) : random_(random) {}

  FrameBytes Next() {
    FrameBytes frame = Below(random_, 2) == 0 ? OverIpv4() : OverIpv6();
    if (OneIn(20)) frame = WithVlanTag(frame, 7);
    if (OneIn(20)) frame = Tunnelled(frame);
    if (OneIn(40)) frame.resize(Below(random_, static_cast<uint32_t>(frame.size())));
    return frame;
  }

 private:
  bool OneIn(uint32_t count) { return Below(random_, count) == 0; }

  TcpSpec Segment(bool answer) {
    const auto port = static_cast<uint16_t>(1000 + Below(random_, 16));
    const uint8_t flags = OneIn(10) ? kTcpRst : OneIn(10) ? kTcpFin : kTcpAck;
    if (!answer) return {.source_port = port, .flags = flags};
    return {.source_port = 8080,
            .destination_port = static_cast<uint16_t>(0xc000 + port % 64),
            .flags = flags};
  }

  FrameBytes OverIpv4() {
    Ipv4Spec ip{.source = {0x0a000001 + Below(random_, 4)},
                .destination = kService,
                .ttl = static_cast<uint8_t>(OneIn(20) ? 1 : 64)};
    if (OneIn(2)) ip.source = {0x0af40005 + Below(random_, 4)};
    if (OneIn(20)) ip.fragment = 0x2000;
    if (OneIn(20)) ip.destination = {0x08080808};
    const bool answer = OneIn(4);
    if (answer) ip.source = kEndpoint, ip.destination = kNode;
    TcpSpec tcp = Segment(answer);
    tcp.ip = ip;
    if (OneIn(4)) return BuildUdp({.ip = ip, .source_port = tcp.source_port});
    if (OneIn(20)) return BuildIpv4(ip, 132, FrameBytes(16));
    return BuildTcp(tcp);
  }

  FrameBytes OverIpv6() {
    Ipv6Spec ip{.source = Address::FromWords(0x20010db800000001, Below(random_, 8)),
                .destination = kService6,
                .hop_limit = static_cast<uint8_t>(OneIn(20) ? 1 : 64)};
    if (OneIn(20)) ip.destination = kNode6;
    if (OneIn(20)) ip.source = Ipv4Address{0x0a000001};
    const bool answer = OneIn(4);
    if (answer) ip.source = kEndpoint6, ip.destination = kNode6;
    const TcpSpec tcp = Segment(answer);
    if (OneIn(4)) return BuildUdp(ip, {.source_port = tcp.source_port});
    if (OneIn(20)) return BuildIpv6(ip, 132, FrameBytes(16));
    if (OneIn(20)) return BuildIpv6(ip, 44, FrameBytes(16, 6));
    if (OneIn(20)) return BuildIcmp(ip, {.type = 2});
    return BuildTcp(ip, tcp);
  }

  static FrameBytes Tunnelled(const FrameBytes& inside) {
    FrameBytes whole(kTunnelBytes + inside.size());
    std::ranges::copy(inside, whole.begin() + kTunnelBytes);
    WriteTunnelHeaders(whole.data(), kTunnel, {.macs = {}, .address = kTunnel.address},
                       {.frame_bytes = inside.size(), .tos = 0, .flow_port = 0xc001});
    return whole;
  }

  std::mt19937_64& random_;
};

struct Sent {
  Outcome outcome;
  FrameBytes frame;  // as it leaves
};

// In batches of so many.
std::vector<Sent> Send(Pipeline& pipeline, std::vector<FrameBytes> frames, size_t batch) {
  std::vector<Packet> packets;
  for (FrameBytes& frame : frames) {
    packets.push_back({.frame = frame, .attempt = static_cast<uint8_t>(packets.size() % 7 == 0)});
  }
  std::vector<Outcome> outcomes(packets.size());
  for (size_t at = 0; at < packets.size(); at += batch) {
    const size_t count = std::min(batch, packets.size() - at);
    pipeline.Process(std::span(packets).subspan(at, count), std::span(outcomes).subspan(at, count));
  }
  std::vector<Sent> sent;
  for (size_t i = 0; i < packets.size(); ++i) {
    sent.push_back({outcomes[i], {packets[i].frame.begin(), packets[i].frame.end()}});
  }
  return sent;
}

template <class Table>
auto ConnectionsOf(const Table& table) {
  std::vector<typename Table::Connection> connections;
  table.ForEach([&](const auto& connection) { connections.push_back(connection); });
  return connections;
}

TEST(PipelineBatchTest, ABatchIsTheSameAsOneByOne) {
  std::mt19937_64 random = TestRandom();
  RandomTraffic traffic(random);
  std::vector<bool> seen(64);
  int left_tunnel_ipv6 = 0;
  for (int round = 0; round < 200; ++round) {
    const auto image = SmallWorld(round % 4 == 0 ? 20 : 0);
    Pipeline batched(image, random());
    Pipeline single(image, random());
    for (int tick = 1; tick <= 2; ++tick) {
      batched.SetTick(static_cast<uint32_t>(tick));
      single.SetTick(static_cast<uint32_t>(tick));
      std::vector<FrameBytes> frames(1 + Below(random, 200));
      for (FrameBytes& frame : frames) frame = traffic.Next();
      const std::vector<Sent> together = Send(batched, frames, 1 + Below(random, 70));
      const std::vector<Sent> alone = Send(single, frames, 1);
      for (size_t i = 0; i < frames.size(); ++i) {
        ASSERT_EQ(together[i].outcome, alone[i].outcome) << i << ": " << DescribeFrame(frames[i]);
        ASSERT_EQ(together[i].frame, alone[i].frame) << i << ": " << DescribeFrame(frames[i]);
        const bool forwarded = alone[i].outcome.verdict == Verdict::kForward;
        ASSERT_EQ(alone[i].frame != frames[i], forwarded) << i << ": " << DescribeFrame(frames[i]);
        ASSERT_TRUE(!forwarded || VlanTagBytes(alone[i].frame) != 0 ||
                    ChecksumsAreRight(alone[i].frame))
            << i << ": " << DescribeFrame(alone[i].frame);
        left_tunnel_ipv6 += forwarded && alone[i].frame.size() != frames[i].size() &&
                            LoadBe16(&alone[i].frame[kEtherTypeOffset]) == kEtherTypeIpv6;
        seen[static_cast<size_t>(alone[i].outcome.reason)] = true;
      }
    }
    ASSERT_EQ(ConnectionsOf(batched.connections()), ConnectionsOf(single.connections()));
    ASSERT_EQ(ConnectionsOf(batched.connections_ipv6()), ConnectionsOf(single.connections_ipv6()));
  }
  EXPECT_GT(left_tunnel_ipv6, 0);
  for (const Reason reason : {Reason::kNone, Reason::kFragment, Reason::kTtlExpired,
                              Reason::kSourcePortTaken, Reason::kConnectionTableFull,
                              Reason::kUnconfirmedQuota, Reason::kSctp, Reason::kIcmpError}) {
    EXPECT_TRUE(seen[static_cast<size_t>(reason)]) << Name(reason);
  }
}

}  // namespace
}  // namespace pointsman
