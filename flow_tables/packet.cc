#include "flow_tables/packet.h"

#include "flow_tables/address.h"

namespace pointsman {
namespace {

// Extension headers, by their numbers as a next header (RFC 8200, 4).
constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragmentHeader = 44;
constexpr uint8_t kDestinationOptions = 60;
constexpr size_t kExtensionBytesMin = 8;

constexpr uint8_t kTcp = static_cast<uint8_t>(Protocol::kTcp);
constexpr uint8_t kUdp = static_cast<uint8_t>(Protocol::kUdp);
constexpr uint8_t kSctp = static_cast<uint8_t>(Protocol::kSctp);

ParsedIpv6 Pass() { return {}; }
ParsedIpv6 Punt(Reason reason) { return {.kind = ParseKind::kPunt, .reason = reason, .tuple = {}}; }

bool IsSctpOverIpv4(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return false;
  const size_t header_bytes = (frame[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  return frame[kIpv4Offset] >> 4 == 4 && header_bytes >= kIpv4HeaderBytes &&
         total_bytes >= header_bytes && total_bytes <= frame.size() - kIpv4Offset &&
         frame[kProtocolOffset] == kSctp;
}

// Types 1 to 4 of RFC 4443 quote a packet that may belong to a translated connection.
ParsedIpv6 ParseIcmpv6(uint8_t type) {
  return type >= 1 && type <= 4 ? Punt(Reason::kIcmpError) : Pass();
}

// What TCP or UDP may be behind: one header is looked at, its successor is known by number alone.
ParsedIpv6 ParseExtension(uint8_t header, uint8_t next) {
  switch (next) {
    case kTcp:
    case kUdp:
    case kRouting:
    case kFragmentHeader:
    case kDestinationOptions:
      return Punt(header == kFragmentHeader ? Reason::kFragment : Reason::kIpOptions);
    default:
      return Pass();
  }
}

ParsedIpv6 ParseIpv6(std::span<const uint8_t> frame, bool host_forwards_sctp) {
  if (frame.size() < kIpv6TransportOffset || frame[kIpv4Offset] >> 4 != 6) return Pass();
  const uint8_t* bytes = frame.data();
  const size_t payload_bytes = LoadBe16(bytes + kIpv6PayloadLengthOffset);
  if (payload_bytes > frame.size() - kIpv6TransportOffset) return Pass();
  const auto source = Address::FromBytes(frame.subspan(kIpv6SourceOffset, 16));
  const auto destination = Address::FromBytes(frame.subspan(kIpv6DestinationOffset, 16));
  if (source.is_v4() || destination.is_v4()) return Pass();

  const uint8_t next_header = bytes[kIpv6NextHeaderOffset];
  switch (next_header) {
    case kProtocolIcmpv6:
      return payload_bytes >= kIcmpHeaderBytes ? ParseIcmpv6(bytes[kIpv6TransportOffset]) : Pass();
    case kSctp:
      return host_forwards_sctp ? Punt(Reason::kSctp) : Pass();
    case kHopByHop:
    case kRouting:
    case kFragmentHeader:
    case kDestinationOptions:
      if (payload_bytes < kExtensionBytesMin) return Pass();
      return ParseExtension(next_header, bytes[kIpv6TransportOffset]);
    case kTcp:
    case kUdp:
      if (payload_bytes < (next_header == kTcp ? kTcpHeaderBytes : kUdpHeaderBytes)) return Pass();
      return {.kind = ParseKind::kTuple,
              .reason = Reason::kNone,
              .tuple = {.source_address = source.bits(),
                        .destination_address = destination.bits(),
                        .source_port = LoadBe16(bytes + kIpv6TransportOffset),
                        .destination_port = LoadBe16(bytes + kIpv6TransportOffset + 2),
                        .protocol = next_header}};
    default:
      return Pass();
  }
}

}  // namespace

ParsedIpv6 ParseOther(std::span<const uint8_t> frame, bool host_forwards_sctp) {
  const size_t tag_bytes = VlanTagBytes(frame);
  const std::span<const uint8_t> untagged = frame.subspan(tag_bytes);
  if (untagged.size() < kIpv4Offset) return Pass();
  ParsedIpv6 parsed;
  switch (LoadBe16(untagged.data() + kEtherTypeOffset)) {
    case kEtherTypeIpv6:
      parsed = ParseIpv6(untagged, host_forwards_sctp);
      break;
    case kEtherTypeIpv4:
      if (host_forwards_sctp && IsSctpOverIpv4(untagged)) parsed = Punt(Reason::kSctp);
      break;
    default:
      break;
  }
  parsed.tag_bytes = static_cast<uint8_t>(tag_bytes);
  return parsed;
}

}  // namespace pointsman
