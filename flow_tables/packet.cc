#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr size_t kIpv6HeadersBytes = kIpv4Offset + 40;
constexpr size_t kNextHeaderOffset = kIpv4Offset + 6;

// TCP, UDP or SCTP right behind the fixed header (RFC 8200).
bool IsIpv6ForHost(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv6HeadersBytes || frame[kIpv4Offset] >> 4 != 6) return false;
  const Protocol next_header{frame[kNextHeaderOffset]};
  return next_header == Protocol::kTcp || next_header == Protocol::kUdp ||
         next_header == Protocol::kSctp;
}

bool IsSctp(std::span<const uint8_t> frame) {
  const size_t header_bytes = (frame[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  return frame[kIpv4Offset] >> 4 == 4 && header_bytes >= kIpv4HeaderBytes &&
         total_bytes >= header_bytes && total_bytes <= frame.size() - kIpv4Offset &&
         frame[kProtocolOffset] == static_cast<uint8_t>(Protocol::kSctp);
}

}  // namespace

Parsed ParseForHost(std::span<const uint8_t> whole_frame, HostProtocols host) {
  const std::span<const uint8_t> frame = whole_frame.subspan(VlanTagBytes(whole_frame));
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return internal::ParsedPass();
  const uint16_t ether_type = LoadBe16(frame.data() + kEtherTypeOffset);
  if (host.ipv6 && ether_type == kEtherTypeIpv6 && IsIpv6ForHost(frame)) {
    return internal::ParsedPunt(Reason::kIpv6);
  }
  if (host.sctp && ether_type == kEtherTypeIpv4 && IsSctp(frame)) {
    return internal::ParsedPunt(Reason::kSctp);
  }
  return internal::ParsedPass();
}

}  // namespace pointsman
