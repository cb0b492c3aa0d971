#include "flow_tables/packet.h"

namespace pointsman::internal {
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

// Types 1 to 4 of RFC 4443 quote a packet that may belong to a translated connection.
Judgement JudgeIcmpv6(uint8_t type) {
  return type >= 1 && type <= 4 ? PuntIt(Reason::kIcmpError) : PassIt();
}

// What TCP or UDP may be behind: one header is looked at, its successor is known by number alone.
Judgement JudgeExtension(uint8_t header, uint8_t next) {
  switch (next) {
    case kTcp:
    case kUdp:
    case kRouting:
    case kFragmentHeader:
    case kDestinationOptions:
      return PuntIt(header == kFragmentHeader ? Reason::kFragment : Reason::kIpOptions);
    default:
      return PassIt();
  }
}

Judgement JudgeIcmp(const uint8_t* frame, size_t header_bytes, size_t total_bytes) {
  const bool at_start = (LoadBe16(frame + kFragmentOffset) & kFragmentPosition) == 0;
  if (header_bytes != kIpv4HeaderBytes || !at_start) return PassIt();
  if (total_bytes < kIpv4HeaderBytes + kIcmpHeaderBytes) return PassIt();
  return IsIcmpError(frame[kTransportOffset]) ? PuntIt(Reason::kIcmpError) : PassIt();
}

// `frame` without its tag, MAC addresses apart.
Judgement Judge(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return PassIt();
  if (LoadBe16(bytes + kEtherTypeOffset) != kEtherTypeIpv4) return PassIt();
  if (bytes[kIpv4Offset] >> 4 != 4) return PassIt();
  const size_t header_bytes = (bytes[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(bytes + kTotalLengthOffset);
  if (header_bytes < kIpv4HeaderBytes || total_bytes < header_bytes) return PassIt();
  if (total_bytes > frame.size() - kIpv4Offset) return PassIt();

  const uint8_t protocol = bytes[kProtocolOffset];
  if (protocol == kProtocolIcmp) return JudgeIcmp(bytes, header_bytes, total_bytes);
  const bool tcp = protocol == static_cast<uint8_t>(Protocol::kTcp);
  if (!tcp && protocol != static_cast<uint8_t>(Protocol::kUdp)) return PassIt();
  const uint16_t fragment = LoadBe16(bytes + kFragmentOffset);
  if ((fragment & (kMoreFragments | kFragmentPosition)) != 0) return PuntIt(Reason::kFragment);
  if (header_bytes > kIpv4HeaderBytes) return PuntIt(Reason::kIpOptions);
  if (total_bytes < kIpv4HeaderBytes + (tcp ? kTcpHeaderBytes : kUdpHeaderBytes)) return PassIt();
  return {ParseKind::kTuple, Reason::kNone};
}

}  // namespace

Judgement JudgeSctpOverIpv4(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return PassIt();
  const size_t header_bytes = (frame[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  const bool sctp = frame[kIpv4Offset] >> 4 == 4 && header_bytes >= kIpv4HeaderBytes &&
                    total_bytes >= header_bytes && total_bytes <= frame.size() - kIpv4Offset &&
                    frame[kProtocolOffset] == kSctp;
  return sctp ? PuntIt(Reason::kSctp) : PassIt();
}

Judgement JudgeIpv6Payload(uint8_t next, const uint8_t* header, size_t payload_bytes,
                           bool host_forwards_sctp) {
  switch (next) {
    case kProtocolIcmpv6:
      return payload_bytes >= kIcmpHeaderBytes ? JudgeIcmpv6(header[0]) : PassIt();
    case kSctp:
      return host_forwards_sctp ? PuntIt(Reason::kSctp) : PassIt();
    case kHopByHop:
    case kRouting:
    case kFragmentHeader:
    case kDestinationOptions:
      return payload_bytes >= kExtensionBytesMin ? JudgeExtension(next, header[0]) : PassIt();
    default:
      return PassIt();
  }
}

}  // namespace pointsman::internal

namespace pointsman {

Parsed Parse(std::span<const uint8_t> frame) {
  const size_t tag_bytes = VlanTagBytes(frame);
  const std::span<const uint8_t> untagged = frame.subspan(tag_bytes);
  const internal::Judgement judgement = internal::Judge(untagged);
  return {
      .kind = judgement.kind,
      .reason = judgement.reason,
      .tag_bytes = static_cast<uint8_t>(tag_bytes),
      .tuple = judgement.kind == ParseKind::kTuple ? internal::TupleAt(untagged.data()) : Tuple{}};
}

}  // namespace pointsman
