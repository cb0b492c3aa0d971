#include "tests/support/packet_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/family.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kTcp = static_cast<uint8_t>(Protocol::kTcp);
constexpr uint8_t kUdp = static_cast<uint8_t>(Protocol::kUdp);

// The IP packet in a frame, its lengths checked; `header` is empty where there is none.
struct IpView {
  std::span<const uint8_t> header;
  std::span<const uint8_t> body;
  Address source;
  Address destination;
  uint8_t protocol = 0;  // IPv6: the next header
  uint8_t ttl = 0;
  uint16_t fragment = 0;  // IPv4: flags and offset
};

IpView ViewIpv4(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return {};
  const size_t header_bytes = (frame[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  if (frame[kIpv4Offset] >> 4 != 4 || header_bytes < kIpv4HeaderBytes) return {};
  if (total_bytes < header_bytes || total_bytes > frame.size() - kIpv4Offset) return {};
  return {.header = frame.subspan(kIpv4Offset, header_bytes),
          .body = frame.subspan(kIpv4Offset + header_bytes, total_bytes - header_bytes),
          .source = Address::FromBytes(frame.subspan(kSourceAddressOffset, 4)),
          .destination = Address::FromBytes(frame.subspan(kDestinationAddressOffset, 4)),
          .protocol = frame[kProtocolOffset],
          .ttl = frame[kTtlOffset],
          .fragment = LoadBe16(frame.data() + kFragmentOffset)};
}

IpView ViewIpv6(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv6TransportOffset || frame[kIpv4Offset] >> 4 != 6) return {};
  const size_t payload_bytes = LoadBe16(frame.data() + kIpv6PayloadLengthOffset);
  if (payload_bytes > frame.size() - kIpv6TransportOffset) return {};
  return {.header = frame.subspan(kIpv4Offset, kIpv6HeaderBytes),
          .body = frame.subspan(kIpv6TransportOffset, payload_bytes),
          .source = Address::FromBytes(frame.subspan(kIpv6SourceOffset, 16)),
          .destination = Address::FromBytes(frame.subspan(kIpv6DestinationOffset, 16)),
          .protocol = frame[kIpv6NextHeaderOffset],
          .ttl = frame[kIpv6HopLimitOffset]};
}

IpView ViewIp(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset) return {};
  switch (LoadBe16(frame.data() + kEtherTypeOffset)) {
    case kEtherTypeIpv4:
      return ViewIpv4(frame);
    case kEtherTypeIpv6:
      return ViewIpv6(frame);
    default:
      return {};
  }
}

bool HeaderChecksumIsRight(const IpView& ip) {
  return ip.header.front() >> 4 == 6 || FoldChecksum(ChecksumSum(ip.header)) == 0xffff;
}

// Of the addresses, the protocol and the length.
uint64_t PseudoHeaderSum(const Address& source, const Address& destination, uint8_t protocol,
                         size_t bytes) {
  uint64_t sum = protocol + bytes;
  for (const Address& address : {source, destination}) {
    std::array<uint8_t, 16> stored{};
    address.Store(stored.data());
    sum += ChecksumSum(stored);
  }
  return sum;
}

bool TransportChecksumIsRight(const IpView& ip) {
  if ((ip.fragment & (kMoreFragments | kFragmentPosition)) != 0) return true;
  if (ip.protocol == kProtocolIcmp) return FoldChecksum(ChecksumSum(ip.body)) == 0xffff;
  if (ip.protocol != kTcp && ip.protocol != kUdp && ip.protocol != kProtocolIcmpv6) return true;
  if (ip.protocol == kUdp && ip.body.size() >= kUdpHeaderBytes &&
      LoadBe16(ip.body.data() + kUdpChecksumInHeader) == 0) {
    return true;
  }
  return FoldChecksum(PseudoHeaderSum(ip.source, ip.destination, ip.protocol, ip.body.size()) +
                      ChecksumSum(ip.body)) == 0xffff;
}

std::string MacText(const uint8_t* at) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", at[0], at[1], at[2], at[3], at[4],
                     at[5]);
}

std::string FlagsText(uint8_t flags) {
  std::string text;
  for (const auto& [bit, letter] :
       {std::pair{kTcpSyn, 'S'}, std::pair{kTcpFin, 'F'}, std::pair{kTcpRst, 'R'},
        std::pair{kTcpPush, 'P'}, std::pair{kTcpAck, 'A'}}) {
    if ((flags & bit) != 0) text += letter;
  }
  return text.empty() ? "-" : text;
}

std::string TransportText(const IpView& ip) {
  const std::span<const uint8_t> body = ip.body;
  const auto ports = [&] {
    return fmt::format("{} > {}", DescribeSocket(ip.source, LoadBe16(body.data())),
                       DescribeSocket(ip.destination, LoadBe16(body.data() + 2)));
  };
  if (ip.protocol == kTcp && body.size() >= kTcpHeaderBytes) {
    return fmt::format("{} tcp {} seq {} ack {}", ports(), FlagsText(body[13]),
                       LoadBe32(body.data() + 4), LoadBe32(body.data() + 8));
  }
  if (ip.protocol == kUdp && body.size() >= kUdpHeaderBytes) {
    return fmt::format("{} udp{}", ports(),
                       LoadBe16(body.data() + 6) == 0 ? " without checksum" : "");
  }
  const std::string hosts = Describe(ip.source) + " > " + Describe(ip.destination);
  const bool icmp = ip.protocol == kProtocolIcmp || ip.protocol == kProtocolIcmpv6;
  if (icmp && body.size() >= kIcmpHeaderBytes) {
    return fmt::format("{} icmp type {} code {}", hosts, body[0], body[1]);
  }
  return fmt::format("{} protocol {}", hosts, ip.protocol);
}

void StoreMacs(MacAddress destination, MacAddress source, uint8_t* frame) {
  StoreBe48(frame + kDestinationMacOffset, destination.value);
  StoreBe48(frame + kSourceMacOffset, source.value);
}

// Without checksums.
FrameBytes TcpSegment(const TcpSpec& spec) {
  FrameBytes body(kTcpHeaderBytes);
  StoreBe16(body.data(), spec.source_port);
  StoreBe16(body.data() + 2, spec.destination_port);
  StoreBe32(body.data() + 4, spec.sequence);
  StoreBe32(body.data() + 8, spec.acknowledgement);
  body[12] = kTcpHeaderBytes / 4 << 4;
  body[13] = spec.flags;
  StoreBe16(body.data() + 14, 0xffff);
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  return body;
}

FrameBytes UdpDatagram(const UdpSpec& spec) {
  FrameBytes body(kUdpHeaderBytes);
  StoreBe16(body.data(), spec.source_port);
  StoreBe16(body.data() + 2, spec.destination_port);
  StoreBe16(body.data() + 4, static_cast<uint16_t>(kUdpHeaderBytes + spec.payload.size()));
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  return body;
}

FrameBytes IcmpMessage(const IcmpSpec& spec) {
  FrameBytes body(kIcmpHeaderBytes);
  body[0] = spec.type;
  body[1] = spec.code;
  StoreBe32(body.data() + 4, spec.rest);
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  return body;
}

uint16_t ChecksumOver(const Ipv6Spec& ip, uint8_t protocol, std::span<const uint8_t> body) {
  const auto checksum = static_cast<uint16_t>(~FoldChecksum(
      PseudoHeaderSum(ip.source, ip.destination, protocol, body.size()) + ChecksumSum(body)));
  return protocol == kUdp && checksum == 0 ? 0xffff : checksum;
}

}  // namespace

FrameBytes BuildIpv4(const Ipv4Spec& spec, uint8_t protocol, std::span<const uint8_t> body) {
  const size_t header_bytes = kIpv4HeaderBytes + spec.options.size();
  FrameBytes frame(kIpv4Offset + header_bytes);
  uint8_t* at = frame.data();
  StoreMacs(spec.destination_mac, spec.source_mac, at);
  StoreBe16(at + kEtherTypeOffset, kEtherTypeIpv4);
  at[kIpv4Offset] = static_cast<uint8_t>(0x40 | header_bytes / 4);
  at[kTosOffset] = spec.tos;
  StoreBe16(at + kTotalLengthOffset, static_cast<uint16_t>(header_bytes + body.size()));
  StoreBe16(at + kIdentificationOffset, spec.identification);
  StoreBe16(at + kFragmentOffset, spec.fragment);
  at[kTtlOffset] = spec.ttl;
  at[kProtocolOffset] = protocol;
  StoreBe32(at + kSourceAddressOffset, spec.source.value);
  StoreBe32(at + kDestinationAddressOffset, spec.destination.value);
  std::copy(spec.options.begin(), spec.options.end(), frame.begin() + kTransportOffset);
  StoreBe16(at + kIpv4ChecksumOffset, InternetChecksum({at + kIpv4Offset, header_bytes}));
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

FrameBytes BuildIpv6(const Ipv6Spec& spec, uint8_t next_header, std::span<const uint8_t> body) {
  FrameBytes frame(kIpv6TransportOffset);
  uint8_t* at = frame.data();
  StoreMacs(spec.destination_mac, spec.source_mac, at);
  StoreBe16(at + kEtherTypeOffset, kEtherTypeIpv6);
  StoreBe32(at + kIpv4Offset, 6U << 28 | spec.class_and_label);
  StoreBe16(at + kIpv6PayloadLengthOffset, static_cast<uint16_t>(body.size()));
  at[kIpv6NextHeaderOffset] = next_header;
  at[kIpv6HopLimitOffset] = spec.hop_limit;
  Ipv6::StoreAddresses({.new_source_address = spec.source.bits(),
                        .new_destination_address = spec.destination.bits()},
                       at + Ipv6::kSource);
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

FrameBytes BuildTcp(const TcpSpec& spec) {
  FrameBytes body = TcpSegment(spec);
  StoreBe16(body.data() + kTcpChecksumInHeader,
            TransportChecksum(spec.ip.source, spec.ip.destination, Protocol::kTcp, body));
  return BuildIpv4(spec.ip, kTcp, body);
}

FrameBytes BuildTcp(const Ipv6Spec& ip, const TcpSpec& spec) {
  FrameBytes body = TcpSegment(spec);
  StoreBe16(body.data() + kTcpChecksumInHeader, ChecksumOver(ip, kTcp, body));
  return BuildIpv6(ip, kTcp, body);
}

FrameBytes BuildUdp(const UdpSpec& spec) {
  FrameBytes body = UdpDatagram(spec);
  if (!spec.without_checksum) {
    StoreBe16(body.data() + kUdpChecksumInHeader,
              TransportChecksum(spec.ip.source, spec.ip.destination, Protocol::kUdp, body));
  }
  return BuildIpv4(spec.ip, kUdp, body);
}

FrameBytes BuildUdp(const Ipv6Spec& ip, const UdpSpec& spec) {
  FrameBytes body = UdpDatagram(spec);
  if (!spec.without_checksum) {
    StoreBe16(body.data() + kUdpChecksumInHeader, ChecksumOver(ip, kUdp, body));
  }
  return BuildIpv6(ip, kUdp, body);
}

FrameBytes BuildIcmp(const IcmpSpec& spec) {
  FrameBytes body = IcmpMessage(spec);
  StoreBe16(body.data() + 2, InternetChecksum(body));
  return BuildIpv4(spec.ip, kProtocolIcmp, body);
}

FrameBytes BuildIcmp(const Ipv6Spec& ip, const IcmpSpec& spec) {
  FrameBytes body = IcmpMessage(spec);
  StoreBe16(body.data() + 2, ChecksumOver(ip, kProtocolIcmpv6, body));
  return BuildIpv6(ip, kProtocolIcmpv6, body);
}

FrameBytes WithVlanTag(const FrameBytes& frame, uint16_t control) {
  std::array<uint8_t, kVlanTagBytes> tag{};
  StoreBe16(tag.data(), kEtherTypeVlan);
  StoreBe16(tag.data() + 2, control);
  FrameBytes tagged = frame;
  tagged.insert(tagged.begin() + kEtherTypeOffset, tag.begin(), tag.end());
  return tagged;
}

std::string DescribeFrame(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset) return fmt::format("{} bytes", frame.size());
  std::string text = MacText(frame.data() + kSourceMacOffset) + " > " +
                     MacText(frame.data() + kDestinationMacOffset);
  const IpView ip = ViewIp(frame);
  if (ip.header.empty()) {
    return text + fmt::format(", type {:04x}, {} bytes", LoadBe16(frame.data() + kEtherTypeOffset),
                              frame.size());
  }
  text += ", " + TransportText(ip);
  if ((ip.fragment & (kMoreFragments | kFragmentPosition)) != 0) {
    text += fmt::format(", fragment {:04x}", ip.fragment);
  }
  text += fmt::format(", ttl {}, {} bytes", ip.ttl, frame.size());
  if (!HeaderChecksumIsRight(ip)) text += ", bad header checksum";
  if (!TransportChecksumIsRight(ip)) text += ", bad checksum";
  return text;
}

bool ChecksumsAreRight(std::span<const uint8_t> frame) {
  const IpView ip = ViewIp(frame);
  return !ip.header.empty() && HeaderChecksumIsRight(ip) && TransportChecksumIsRight(ip);
}

}  // namespace pointsman
