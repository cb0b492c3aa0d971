#include "tests/differential/random_traffic.h"

#include <algorithm>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "flow_tables/tunnel.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr size_t kRemembered = 4000;
constexpr size_t kLongestFrame = kFrameBytesMax;
constexpr size_t kShortestFrame = 14;

void Remember(std::vector<std::vector<uint8_t>>& list, std::vector<uint8_t> frame, Random& random) {
  if (list.size() < kRemembered) {
    list.push_back(std::move(frame));
  } else {
    list[Pick(random, 0, kRemembered - 1)] = std::move(frame);
  }
}

}  // namespace

std::vector<uint8_t> RandomTraffic::Payload() {
  const uint32_t kind = Pick(random_, 1, 100);
  const uint32_t bytes = kind <= 70   ? Pick(random_, 0, 80)
                         : kind <= 97 ? Pick(random_, 80, 1400)
                                      : Pick(random_, 1400, 9000);
  std::vector<uint8_t> payload(bytes);
  for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random_());
  return payload;
}

// Mostly of an open connection, so that few of them close.
uint8_t RandomTraffic::Flags() {
  constexpr uint8_t kOften[] = {kTcpSyn, kTcpAck, kTcpSyn | kTcpAck, kTcpPush | kTcpAck};
  if (Chance(random_, 90)) return kOften[Pick(random_, 0, 3)];
  return static_cast<uint8_t>(Pick(random_, 0, 63));
}

std::vector<uint8_t> RandomTraffic::FirstPacket() {
  const Frontend& frontend =
      forwarding_
          ->frontends[Pick(random_, 0, static_cast<uint32_t>(forwarding_->frontends.size()) - 1)];
  const bool v4 = frontend.address.is_v4();
  FlowKey key;
  key.source = RandomClient(random_, v4);
  key.destination = Chance(random_, 95) ? frontend.address : RandomClient(random_, v4);
  if (Chance(random_, 3)) key.destination = RandomService(random_, v4);
  // Few source ports: tuples meet again, and clients of two frontends meet at one endpoint.
  key.source_port = static_cast<uint16_t>(1024 + Pick(random_, 0, 30));
  key.destination_port = DestinationPort(frontend);
  key.protocol = frontend.protocol;
  std::vector<uint8_t> frame = PacketOf(key);
  if (first_packets_.size() < kMaxClients) first_packets_.push_back(frame);
  return first_packets_.size() < kMaxClients ? frame : KnownPacket();
}

// TCP, or else UDP, with all that is not in the key made up.
std::vector<uint8_t> RandomTraffic::PacketOf(const FlowKey& key) {
  const auto ttl =
      static_cast<uint8_t>(Chance(random_, 95) ? Pick(random_, 2, 255) : Pick(random_, 0, 1));
  TcpSpec tcp{.source_port = key.source_port,
              .destination_port = key.destination_port,
              .sequence = Pick(random_, 0, ~0U),
              .flags = Flags(),
              .payload = Payload()};
  UdpSpec udp{.source_port = key.source_port,
              .destination_port = key.destination_port,
              .without_checksum = Chance(random_, 20),
              .payload = Payload()};
  const bool is_tcp = key.protocol == Protocol::kTcp;
  if (!key.source.is_v4()) {
    const Ipv6Spec ip{.source = key.source,
                      .destination = key.destination,
                      .hop_limit = ttl,
                      .class_and_label = Pick(random_, 0, 0x0fffffff)};
    return is_tcp ? BuildTcp(ip, tcp) : BuildUdp(ip, udp);
  }
  tcp.ip = udp.ip = {.source = key.source.v4(),
                     .destination = key.destination.v4(),
                     .ttl = ttl,
                     .tos = static_cast<uint8_t>(Pick(random_, 0, 255)),
                     .identification = static_cast<uint16_t>(random_())};
  return is_tcp ? BuildTcp(tcp) : BuildUdp(udp);
}

uint16_t RandomTraffic::DestinationPort(const Frontend& frontend) {
  return Chance(random_, 97) ? frontend.port : static_cast<uint16_t>(random_());
}

// Over IPv6 with any next header, extensions and ICMPv6 among them; behind it any bytes, which
// begin with the number of a header often.
std::vector<uint8_t> RandomTraffic::StrayIpv6() {
  constexpr uint8_t kNextHeaders[] = {6, 17, 58, 132, 0, 43, 44, 60, 51, 59};
  const auto next_header = [&] { return kNextHeaders[Pick(random_, 0, 9)]; };
  Ipv6Spec ip{.source = RandomClient(random_, false), .destination = RandomService(random_, false)};
  if (Chance(random_, 5)) ip.source = RandomClient(random_, true);
  if (Chance(random_, 5)) ip.destination = RandomService(random_, true);
  std::vector<uint8_t> body = Payload();
  if (!body.empty() && Chance(random_, 70)) {
    body[0] = Chance(random_, 50) ? next_header() : static_cast<uint8_t>(Pick(random_, 0, 5));
  }
  return BuildIpv6(ip, next_header(), body);
}

std::vector<uint8_t> RandomTraffic::KnownPacket() {
  if (first_packets_.empty()) return Stray();
  return first_packets_[Pick(random_, 0, static_cast<uint32_t>(first_packets_.size()) - 1)];
}

// What the endpoint answers: both ends of a forwarded packet exchanged.
std::vector<uint8_t> RandomTraffic::Reply() {
  if (forwarded_.empty()) return KnownPacket();
  std::vector<uint8_t> sent =
      forwarded_[Pick(random_, 0, static_cast<uint32_t>(forwarded_.size()) - 1)];
  if (WentIntoTunnel(sent)) sent.erase(sent.begin(), sent.begin() + kTunnelBytes);
  const Parsed parsed = Parse(sent);
  const FlowKey key = parsed.kind == ParseKind::kTuple ? ToFlowKey(parsed.tuple)
                                                       : ToFlowKey(ParseOther(sent, false).tuple);
  return PacketOf(
      {key.destination, key.source, key.destination_port, key.source_port, key.protocol});
}

// Nothing to do with any Service.
std::vector<uint8_t> RandomTraffic::Stray() {
  const Ipv4Spec ip{.source = RandomClient(random_, true).v4(),
                    .destination = RandomClient(random_, true).v4()};
  switch (Pick(random_, 1, 6)) {
    case 6:
      return BuildIpv4(ip, static_cast<uint8_t>(Protocol::kSctp), Payload());
    case 5:
      return StrayIpv6();
    case 1:
      return BuildIcmp(
          {.ip = ip, .type = static_cast<uint8_t>(Pick(random_, 0, 15)), .payload = Payload()});
    case 2:
      return BuildIpv4(ip, static_cast<uint8_t>(random_()), Payload());
    case 3: {
      std::vector<uint8_t> frame = Payload();
      frame.resize(std::max(frame.size(), kShortestFrame));
      return frame;
    }
    default:
      return BuildTcp({.ip = ip, .payload = Payload()});
  }
}

bool RandomTraffic::WentIntoTunnel(const std::vector<uint8_t>& sent) const {
  return sent.size() > kTunnelBytes + kIpv4Offset && sent[kProtocolOffset] == 17 &&
         LoadBe16(&sent[kDestinationPortOffset]) == forwarding_->tunnel.port &&
         LoadBe32(&sent[kSourceAddressOffset]) == forwarding_->tunnel.address.value;
}

// As another node sends it.
std::vector<uint8_t> RandomTraffic::ThroughTunnel(const std::vector<uint8_t>& frame) {
  std::vector<uint8_t> whole(kTunnelBytes + frame.size());
  std::copy(frame.begin(), frame.end(), whole.begin() + kTunnelBytes);
  Tunnel sender = forwarding_->tunnel;
  sender.address.value += Pick(random_, 1, 3);
  WriteTunnelHeaders(whole.data(), sender, {.macs = {2, 1}, .address = forwarding_->tunnel.address},
                     {.frame_bytes = frame.size(),
                      .tos = static_cast<uint8_t>(Pick(random_, 0, 255)),
                      .flow_port = static_cast<uint16_t>(random_())});
  return whole;
}

// With a VLAN tag of any content.
std::vector<uint8_t> RandomTraffic::Tagged(std::vector<uint8_t> frame) {
  if (frame.size() < kShortestFrame) return frame;
  return WithVlanTag(frame, static_cast<uint16_t>(random_()));
}

std::vector<uint8_t> RandomTraffic::Damaged(std::vector<uint8_t> frame) {
  const auto flip = [&](size_t first, size_t last) {
    const size_t end = frame.size() - 1;
    const size_t at = Pick(random_, static_cast<uint32_t>(std::min(first, end)),
                           static_cast<uint32_t>(std::min(last, end)));
    frame[at] ^= static_cast<uint8_t>(1U << Pick(random_, 0, 7));
  };
  switch (Pick(random_, 1, 6)) {
    case 1:
      frame.resize(Pick(random_, kShortestFrame, static_cast<uint32_t>(frame.size())));
      break;
    case 2:
      frame.resize(std::min(kLongestFrame, frame.size() + Pick(random_, 1, 100)));
      break;
    case 3:
      flip(0, kIpv4Offset);
      break;
    case 4:
      flip(kIpv4Offset, kIpv6TransportOffset);
      break;
    case 5:
      if (frame.size() > kFragmentOffset + 1)
        StoreBe16(&frame[kFragmentOffset], static_cast<uint16_t>(random_()));
      break;
    default:
      flip(0, frame.size() - 1);
  }
  return frame;
}

std::vector<ReceivedFrame> RandomTraffic::Burst(size_t frames) {
  std::vector<ReceivedFrame> burst;
  while (burst.size() < frames) {
    const uint32_t kind = Pick(random_, 1, 100);
    ReceivedFrame received;
    received.ingress = Chance(random_, 50) ? Port::kNode : Port::kUplink;
    received.frame = kind <= 35   ? FirstPacket()
                     : kind <= 60 ? KnownPacket()
                     : kind <= 90 ? Reply()
                                  : Stray();
    if (Chance(random_, 10)) received.frame = Tagged(std::move(received.frame));
    if (Chance(random_, 15)) received.frame = ThroughTunnel(received.frame);
    if (Chance(random_, 15)) received.frame = Damaged(std::move(received.frame));
    received.frame.resize(std::clamp(received.frame.size(), kShortestFrame, kLongestFrame));
    const bool again = Chance(random_, 10);  // the same once more, right behind
    burst.push_back(received);
    if (again && burst.size() < frames) burst.push_back(std::move(received));
  }
  return burst;
}

void RandomTraffic::Learn(const std::vector<ProcessedFrame>& processed) {
  for (const ProcessedFrame& one : processed) {
    if (one.outcome.verdict == Verdict::kForward && !one.sent.empty())
      Remember(forwarded_, one.sent[0].frame, random_);
  }
}

}  // namespace pointsman
