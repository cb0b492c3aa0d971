#include "tests/differential/random_traffic.h"

#include <algorithm>
#include <array>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
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
  Ipv4Spec ip;
  ip.source = RandomClient(random_);
  ip.destination = frontend.address.is_v4() && Chance(random_, 95) ? frontend.address.v4()
                                                                   : RandomClient(random_);
  if (Chance(random_, 3)) ip.destination = {0x0a600000 + Pick(random_, 0, 300)};
  ip.ttl = static_cast<uint8_t>(Chance(random_, 95) ? Pick(random_, 2, 255) : Pick(random_, 0, 1));
  ip.tos = static_cast<uint8_t>(Pick(random_, 0, 255));
  ip.identification = static_cast<uint16_t>(random_());
  // Few source ports: tuples meet again, and clients of two frontends meet at one endpoint.
  const auto source_port = static_cast<uint16_t>(1024 + Pick(random_, 0, 30));
  std::vector<uint8_t> frame = frontend.protocol == Protocol::kTcp
                                   ? BuildTcp({.ip = ip,
                                               .source_port = source_port,
                                               .destination_port = DestinationPort(frontend),
                                               .sequence = Pick(random_, 0, ~0U),
                                               .flags = Flags(),
                                               .payload = Payload()})
                                   : BuildUdp({.ip = ip,
                                               .source_port = source_port,
                                               .destination_port = DestinationPort(frontend),
                                               .without_checksum = Chance(random_, 20),
                                               .payload = Payload()});
  if (first_packets_.size() < kMaxClients) first_packets_.push_back(frame);
  return first_packets_.size() < kMaxClients ? frame : KnownPacket();
}

uint16_t RandomTraffic::DestinationPort(const Frontend& frontend) {
  return Chance(random_, 97) ? frontend.port : static_cast<uint16_t>(random_());
}

// Over IPv6 or SCTP, sane or not.
std::vector<uint8_t> RandomTraffic::HostPacket() {
  constexpr uint8_t kSctp = 132;
  if (Chance(random_, 50)) return BuildIpv4({.source = RandomClient(random_)}, kSctp, Payload());
  const std::vector<uint8_t> payload = Payload();
  std::vector<uint8_t> frame(kTransportOffset + 20);
  StoreBe16(&frame[kEtherTypeOffset], kEtherTypeIpv6);
  frame[kIpv4Offset] = 0x60;
  StoreBe16(&frame[kIpv4Offset + 4], static_cast<uint16_t>(payload.size()));
  constexpr uint8_t kNextHeaders[] = {6, 17, kSctp, 58, 44};
  frame[kIpv4Offset + 6] = kNextHeaders[Pick(random_, 0, 4)];
  frame[kIpv4Offset + 7] = static_cast<uint8_t>(Pick(random_, 0, 64));
  Address::FromWords(0xfd00001000000000, Pick(random_, 1, 9)).Store(&frame[kIpv4Offset + 8]);
  Address::FromWords(0xfd00001000960000, Pick(random_, 1, 2)).Store(&frame[kIpv4Offset + 24]);
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

std::vector<uint8_t> RandomTraffic::KnownPacket() {
  if (first_packets_.empty()) return Stray();
  return first_packets_[Pick(random_, 0, static_cast<uint32_t>(first_packets_.size()) - 1)];
}

// What the endpoint answers: both ends of a forwarded packet exchanged.
std::vector<uint8_t> RandomTraffic::Reply() {
  if (forwarded_.empty()) return KnownPacket();
  const std::vector<uint8_t>& sent =
      forwarded_[Pick(random_, 0, static_cast<uint32_t>(forwarded_.size()) - 1)];
  const Tuple tuple = Parse(sent).tuple;
  const Ipv4Spec ip{.source = {tuple.destination_address}, .destination = {tuple.source_address}};
  if (tuple.protocol == static_cast<uint8_t>(Protocol::kTcp)) {
    return BuildTcp({.ip = ip,
                     .source_port = tuple.destination_port,
                     .destination_port = tuple.source_port,
                     .flags = Flags(),
                     .payload = Payload()});
  }
  return BuildUdp({.ip = ip,
                   .source_port = tuple.destination_port,
                   .destination_port = tuple.source_port,
                   .payload = Payload()});
}

// Nothing to do with any Service.
std::vector<uint8_t> RandomTraffic::Stray() {
  const Ipv4Spec ip{.source = RandomClient(random_), .destination = RandomClient(random_)};
  switch (Pick(random_, 1, 5)) {
    case 5:
      return HostPacket();
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

// With a VLAN tag of any content.
std::vector<uint8_t> RandomTraffic::Tagged(std::vector<uint8_t> frame) {
  if (frame.size() < kShortestFrame) return frame;
  std::array<uint8_t, kVlanTagBytes> tag{};
  StoreBe16(tag.data(), kEtherTypeVlan);
  StoreBe16(tag.data() + 2, static_cast<uint16_t>(random_()));
  frame.insert(frame.begin() + kEtherTypeOffset, tag.begin(), tag.end());
  return frame;
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
      flip(kIpv4Offset, kTransportOffset);
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
