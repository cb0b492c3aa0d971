// What a frame is to the pipeline: step 1 of docs/card.md. Offsets are of Ethernet II without VLAN
// tag (behind one, IEEE 802.1Q, everything but the MAC addresses is 4 bytes further on), IPv4 (RFC
// 791) without options or IPv6 (RFC 8200) without extension headers, TCP (RFC 9293) or UDP (RFC
// 768), in bytes from the start of the frame.
#ifndef POINTSMAN_FLOW_TABLES_PACKET_H_
#define POINTSMAN_FLOW_TABLES_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "flow_tables/address.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/types.h"

namespace pointsman {

inline constexpr size_t kDestinationMacOffset = 0;
inline constexpr size_t kSourceMacOffset = 6;
inline constexpr size_t kEtherTypeOffset = 12;
inline constexpr size_t kIpv4Offset = 14;
inline constexpr size_t kTosOffset = 15;
inline constexpr size_t kTotalLengthOffset = 16;
inline constexpr size_t kIdentificationOffset = 18;
inline constexpr size_t kFragmentOffset = 20;
inline constexpr size_t kTtlOffset = 22;
inline constexpr size_t kProtocolOffset = 23;
inline constexpr size_t kIpv4ChecksumOffset = 24;
inline constexpr size_t kSourceAddressOffset = 26;
inline constexpr size_t kDestinationAddressOffset = 30;
// Behind an IPv4 header of 20 bytes:
inline constexpr size_t kTransportOffset = 34;
inline constexpr size_t kSourcePortOffset = 34;
inline constexpr size_t kDestinationPortOffset = 36;
inline constexpr size_t kUdpLengthOffset = 38;
inline constexpr size_t kUdpChecksumOffset = 40;
inline constexpr size_t kTcpSequenceOffset = 38;
inline constexpr size_t kTcpAcknowledgementOffset = 42;
inline constexpr size_t kTcpDataOffset = 46;
inline constexpr size_t kTcpFlagsOffset = 47;
inline constexpr size_t kTcpWindowOffset = 48;
inline constexpr size_t kTcpChecksumOffset = 50;

inline constexpr size_t kIpv6PayloadLengthOffset = 18;
inline constexpr size_t kIpv6NextHeaderOffset = 20;
inline constexpr size_t kIpv6HopLimitOffset = 21;
inline constexpr size_t kIpv6SourceOffset = 22;
inline constexpr size_t kIpv6DestinationOffset = 38;
inline constexpr size_t kIpv6TransportOffset = 54;

// From the start of a TCP or UDP header:
inline constexpr size_t kTcpFlagsInHeader = kTcpFlagsOffset - kTransportOffset;
inline constexpr size_t kTcpChecksumInHeader = kTcpChecksumOffset - kTransportOffset;
inline constexpr size_t kUdpChecksumInHeader = kUdpChecksumOffset - kTransportOffset;

inline constexpr size_t kIpv4HeaderBytes = 20;  // without options
inline constexpr size_t kIpv6HeaderBytes = 40;
inline constexpr size_t kTcpHeaderBytes = 20;  // without options
inline constexpr size_t kUdpHeaderBytes = 8;
inline constexpr size_t kIcmpHeaderBytes = 8;

inline constexpr uint8_t kTcpFin = 0x01;  // bits of the byte at kTcpFlagsOffset
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPush = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;

inline constexpr size_t kVlanTagBytes = 4;
inline constexpr uint16_t kEtherTypeVlan = 0x8100;
inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolIcmpv6 = 58;
inline constexpr uint16_t kMoreFragments = 0x2000;  // bits of the word at kFragmentOffset
inline constexpr uint16_t kFragmentPosition = 0x1fff;

enum class ParseKind : uint8_t {
  kPass,   // not the pipeline's business
  kPunt,   // the host must look, for `reason`
  kTuple,  // TCP or UDP right behind the IP header, its whole header inside the frame
};

template <class Key>  // Tuple or TupleIpv6
struct ParsedAs {
  ParseKind kind = ParseKind::kPass;
  Reason reason = Reason::kNone;
  uint8_t tag_bytes = 0;     // of a VLAN tag
  uint8_t tunnel_bytes = 0;  // of a tunnel's headers before the frame that was parsed
  Key tuple;
  friend bool operator==(const ParsedAs&, const ParsedAs&) = default;
};
using Parsed = ParsedAs<Tuple>;
using ParsedIpv6 = ParsedAs<TupleIpv6>;

// Bytes of the frame's VLAN tag: 0 or 4. A second tag is not looked for.
inline size_t VlanTagBytes(std::span<const uint8_t> frame) {
  const bool tagged = frame.size() >= kIpv4Offset + kVlanTagBytes &&
                      LoadBe16(frame.data() + kEtherTypeOffset) == kEtherTypeVlan;
  return tagged ? kVlanTagBytes : 0;
}

// IPv4 but for SCTP, tagged or not. Both functions read only bytes inside the frame, whatever its
// length and its headers say.
Parsed Parse(std::span<const uint8_t> frame);

// A frame that Parse passes, once more: IPv6, and SCTP over either family, which is punted if
// `host_forwards_sctp` and else passes. Apart, so that Parse stays small.
inline ParsedIpv6 ParseOther(std::span<const uint8_t> frame, bool host_forwards_sctp);

namespace internal {

struct Judgement {
  ParseKind kind = ParseKind::kPass;
  Reason reason = Reason::kNone;
};

constexpr Judgement PassIt() { return {}; }
constexpr Judgement PuntIt(Reason reason) { return {ParseKind::kPunt, reason}; }

// Types 3, 4, 5, 11 and 12 of RFC 792 quote a packet that may belong to a translated connection.
constexpr bool IsIcmpError(uint8_t type) {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

inline Tuple TupleAt(const uint8_t* frame) {
  return {.source_address = LoadBe32(frame + kSourceAddressOffset),
          .destination_address = LoadBe32(frame + kDestinationAddressOffset),
          .source_port = LoadBe16(frame + kSourcePortOffset),
          .destination_port = LoadBe16(frame + kDestinationPortOffset),
          .protocol = frame[kProtocolOffset]};
}

inline Address AddressAt(const uint8_t* bytes) { return Address::FromBytes({bytes, 16}); }

inline TupleIpv6 TupleIpv6At(const uint8_t* frame) {
  return {.source_address = AddressAt(frame + kIpv6SourceOffset).bits(),
          .destination_address = AddressAt(frame + kIpv6DestinationOffset).bits(),
          .source_port = LoadBe16(frame + kIpv6TransportOffset),
          .destination_port = LoadBe16(frame + kIpv6TransportOffset + 2),
          .protocol = frame[kIpv6NextHeaderOffset]};
}

// `next`: the number of the header right behind IPv6's, neither TCP nor UDP, which is `header`, of
// a payload of so many bytes.
Judgement JudgeIpv6Payload(uint8_t next, const uint8_t* header, size_t payload_bytes,
                           bool host_forwards_sctp);
Judgement JudgeSctpOverIpv4(std::span<const uint8_t> frame);

[[gnu::always_inline]] inline Judgement JudgeIpv6(std::span<const uint8_t> frame,
                                                  bool host_forwards_sctp) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv6TransportOffset || bytes[kIpv4Offset] >> 4 != 6) return PassIt();
  const size_t payload_bytes = LoadBe16(bytes + kIpv6PayloadLengthOffset);
  if (payload_bytes > frame.size() - kIpv6TransportOffset) return PassIt();
  if (AddressAt(bytes + kIpv6SourceOffset).is_v4()) return PassIt();
  if (AddressAt(bytes + kIpv6DestinationOffset).is_v4()) return PassIt();

  const uint8_t next = bytes[kIpv6NextHeaderOffset];
  const bool tcp = next == static_cast<uint8_t>(Protocol::kTcp);
  if (!tcp && next != static_cast<uint8_t>(Protocol::kUdp)) {
    return JudgeIpv6Payload(next, bytes + kIpv6TransportOffset, payload_bytes, host_forwards_sctp);
  }
  if (payload_bytes < (tcp ? kTcpHeaderBytes : kUdpHeaderBytes)) return PassIt();
  return {ParseKind::kTuple, Reason::kNone};
}

[[gnu::always_inline]] inline Judgement JudgeOther(std::span<const uint8_t> frame,
                                                   bool host_forwards_sctp) {
  if (frame.size() < kIpv4Offset) return PassIt();
  const uint16_t ether_type = LoadBe16(frame.data() + kEtherTypeOffset);
  if (ether_type == kEtherTypeIpv6) return JudgeIpv6(frame, host_forwards_sctp);
  if (ether_type == kEtherTypeIpv4 && host_forwards_sctp) return JudgeSctpOverIpv4(frame);
  return PassIt();
}

// Whether `frame` is what most are: untagged, IPv4 without options, no fragment, and with a tuple.
[[gnu::always_inline]] inline bool IsPlainTuple(std::span<const uint8_t> frame) {
  constexpr uint32_t kIpv4WithoutOptions = kEtherTypeIpv4 << 8 | 0x45;
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return false;
  if (LoadBe32(bytes + kEtherTypeOffset) >> 8 != kIpv4WithoutOptions) return false;
  const uint8_t protocol = bytes[kProtocolOffset];
  const bool tcp = protocol == static_cast<uint8_t>(Protocol::kTcp);
  if (!tcp && protocol != static_cast<uint8_t>(Protocol::kUdp)) return false;
  if ((LoadBe16(bytes + kFragmentOffset) & (kMoreFragments | kFragmentPosition)) != 0) return false;
  const size_t total_bytes = LoadBe16(bytes + kTotalLengthOffset);
  return total_bytes >= kIpv4HeaderBytes + (tcp ? kTcpHeaderBytes : kUdpHeaderBytes) &&
         total_bytes <= frame.size() - kIpv4Offset;
}

}  // namespace internal

// What Parse says of most frames. False: it is none of these, and nothing is written. Field by
// field: a result that is copied as a whole is read wider than it was written, and stalls.
[[gnu::always_inline]] inline bool ParsePlain(std::span<const uint8_t> frame, Parsed& parsed) {
  if (!internal::IsPlainTuple(frame)) [[unlikely]]
    return false;
  parsed.kind = ParseKind::kTuple;
  parsed.reason = Reason::kNone;
  parsed.tag_bytes = 0;
  parsed.tunnel_bytes = 0;
  const Tuple tuple = internal::TupleAt(frame.data());
  parsed.tuple.source_address = tuple.source_address;
  parsed.tuple.destination_address = tuple.destination_address;
  parsed.tuple.source_port = tuple.source_port;
  parsed.tuple.destination_port = tuple.destination_port;
  parsed.tuple.protocol = tuple.protocol;
  return true;
}

[[gnu::always_inline]] inline void ParseOtherInto(std::span<const uint8_t> frame,
                                                  bool host_forwards_sctp, ParsedIpv6& parsed) {
  const size_t tag_bytes = VlanTagBytes(frame);
  const std::span<const uint8_t> untagged = frame.subspan(tag_bytes);
  const internal::Judgement judgement = internal::JudgeOther(untagged, host_forwards_sctp);
  parsed.kind = judgement.kind;
  parsed.reason = judgement.reason;
  parsed.tag_bytes = static_cast<uint8_t>(tag_bytes);
  parsed.tunnel_bytes = 0;
  if (judgement.kind != ParseKind::kTuple) {
    parsed.tuple = {};
    return;
  }
  const TupleIpv6 tuple = internal::TupleIpv6At(untagged.data());
  parsed.tuple.source_address.low = tuple.source_address.low;
  parsed.tuple.source_address.high = tuple.source_address.high;
  parsed.tuple.destination_address.low = tuple.destination_address.low;
  parsed.tuple.destination_address.high = tuple.destination_address.high;
  parsed.tuple.source_port = tuple.source_port;
  parsed.tuple.destination_port = tuple.destination_port;
  parsed.tuple.protocol = tuple.protocol;
}

inline ParsedIpv6 ParseOther(std::span<const uint8_t> frame, bool host_forwards_sctp) {
  ParsedIpv6 parsed;
  ParseOtherInto(frame, host_forwards_sctp, parsed);
  return parsed;
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PACKET_H_
