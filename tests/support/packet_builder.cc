#include "tests/support/packet_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kTcp = static_cast<uint8_t>(Protocol::kTcp);
constexpr uint8_t kUdp = static_cast<uint8_t>(Protocol::kUdp);

// The IPv4 packet in a frame, its lengths checked; empty where there is none.
struct Ipv4View {
  std::span<const uint8_t> header;
  std::span<const uint8_t> body;
};

Ipv4View ViewIpv4(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return {};
  if (LoadBe16(frame.data() + kEtherTypeOffset) != kEtherTypeIpv4) return {};
  const size_t header_bytes = (frame[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  if (frame[kIpv4Offset] >> 4 != 4 || header_bytes < kIpv4HeaderBytes) return {};
  if (total_bytes < header_bytes || total_bytes > frame.size() - kIpv4Offset) return {};
  return {frame.subspan(kIpv4Offset, header_bytes),
          frame.subspan(kIpv4Offset + header_bytes, total_bytes - header_bytes)};
}

bool TransportChecksumIsRight(std::span<const uint8_t> frame, std::span<const uint8_t> body) {
  const uint8_t protocol = frame[kProtocolOffset];
  if ((LoadBe16(frame.data() + kFragmentOffset) & (kMoreFragments | kFragmentPosition)) != 0) {
    return true;
  }
  if (protocol == kProtocolIcmp) return FoldChecksum(ChecksumSum(body)) == 0xffff;
  if (protocol != kTcp && protocol != kUdp) return true;
  if (protocol == kUdp && body.size() >= kUdpHeaderBytes && LoadBe16(body.data() + 6) == 0) {
    return true;
  }
  const uint64_t pseudo_header = uint64_t{LoadBe32(frame.data() + kSourceAddressOffset)} +
                                 LoadBe32(frame.data() + kDestinationAddressOffset) + protocol +
                                 body.size();
  return FoldChecksum(pseudo_header + ChecksumSum(body)) == 0xffff;
}

std::string MacText(const uint8_t* at) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", at[0], at[1], at[2], at[3], at[4],
                     at[5]);
}

std::string AddressText(const uint8_t* at) {
  return fmt::format("{}.{}.{}.{}", at[0], at[1], at[2], at[3]);
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

std::string TransportText(uint8_t protocol, const std::string& source,
                          const std::string& destination, std::span<const uint8_t> body) {
  if (protocol == kTcp && body.size() >= kTcpHeaderBytes) {
    return fmt::format("{}:{} > {}:{} tcp {} seq {} ack {}", source, LoadBe16(body.data()),
                       destination, LoadBe16(body.data() + 2), FlagsText(body[13]),
                       LoadBe32(body.data() + 4), LoadBe32(body.data() + 8));
  }
  if (protocol == kUdp && body.size() >= kUdpHeaderBytes) {
    return fmt::format("{}:{} > {}:{} udp{}", source, LoadBe16(body.data()), destination,
                       LoadBe16(body.data() + 2),
                       LoadBe16(body.data() + 6) == 0 ? " without checksum" : "");
  }
  if (protocol == kProtocolIcmp && body.size() >= kIcmpHeaderBytes) {
    return fmt::format("{} > {} icmp type {} code {}", source, destination, body[0], body[1]);
  }
  return fmt::format("{} > {} protocol {}", source, destination, protocol);
}

}  // namespace

FrameBytes BuildIpv4(const Ipv4Spec& spec, uint8_t protocol, std::span<const uint8_t> body) {
  const size_t header_bytes = kIpv4HeaderBytes + spec.options.size();
  FrameBytes frame(kIpv4Offset + header_bytes);
  uint8_t* at = frame.data();
  StoreBe48(at + kDestinationMacOffset, spec.destination_mac.value);
  StoreBe48(at + kSourceMacOffset, spec.source_mac.value);
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

FrameBytes BuildTcp(const TcpSpec& spec) {
  FrameBytes body(kTcpHeaderBytes);
  StoreBe16(body.data(), spec.source_port);
  StoreBe16(body.data() + 2, spec.destination_port);
  StoreBe32(body.data() + 4, spec.sequence);
  StoreBe32(body.data() + 8, spec.acknowledgement);
  body[12] = kTcpHeaderBytes / 4 << 4;
  body[13] = spec.flags;
  StoreBe16(body.data() + 14, 0xffff);
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  StoreBe16(body.data() + 16,
            TransportChecksum(spec.ip.source, spec.ip.destination, Protocol::kTcp, body));
  return BuildIpv4(spec.ip, kTcp, body);
}

FrameBytes BuildUdp(const UdpSpec& spec) {
  FrameBytes body(kUdpHeaderBytes);
  StoreBe16(body.data(), spec.source_port);
  StoreBe16(body.data() + 2, spec.destination_port);
  StoreBe16(body.data() + 4, static_cast<uint16_t>(kUdpHeaderBytes + spec.payload.size()));
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  if (!spec.without_checksum) {
    StoreBe16(body.data() + 6,
              TransportChecksum(spec.ip.source, spec.ip.destination, Protocol::kUdp, body));
  }
  return BuildIpv4(spec.ip, kUdp, body);
}

FrameBytes BuildIcmp(const IcmpSpec& spec) {
  FrameBytes body(kIcmpHeaderBytes);
  body[0] = spec.type;
  body[1] = spec.code;
  StoreBe32(body.data() + 4, spec.rest);
  body.insert(body.end(), spec.payload.begin(), spec.payload.end());
  StoreBe16(body.data() + 2, InternetChecksum(body));
  return BuildIpv4(spec.ip, kProtocolIcmp, body);
}

std::string DescribeFrame(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset) return fmt::format("{} bytes", frame.size());
  std::string text = MacText(frame.data() + kSourceMacOffset) + " > " +
                     MacText(frame.data() + kDestinationMacOffset);
  const Ipv4View ip = ViewIpv4(frame);
  if (ip.header.empty()) {
    return text + fmt::format(", type {:04x}, {} bytes", LoadBe16(frame.data() + kEtherTypeOffset),
                              frame.size());
  }
  text +=
      ", " + TransportText(frame[kProtocolOffset], AddressText(frame.data() + kSourceAddressOffset),
                           AddressText(frame.data() + kDestinationAddressOffset), ip.body);
  const uint16_t fragment = LoadBe16(frame.data() + kFragmentOffset);
  if ((fragment & (kMoreFragments | kFragmentPosition)) != 0) {
    text += fmt::format(", fragment {:04x}", fragment);
  }
  text += fmt::format(", ttl {}, {} bytes", frame[kTtlOffset], frame.size());
  if (FoldChecksum(ChecksumSum(ip.header)) != 0xffff) text += ", bad header checksum";
  if (!TransportChecksumIsRight(frame, ip.body)) text += ", bad checksum";
  return text;
}

bool ChecksumsAreRight(std::span<const uint8_t> frame) {
  const Ipv4View ip = ViewIpv4(frame);
  return !ip.header.empty() && FoldChecksum(ChecksumSum(ip.header)) == 0xffff &&
         TransportChecksumIsRight(frame, ip.body);
}

}  // namespace pointsman
