#include "flow_tables/packet.h"

#include "flow_tables/big_endian.h"

namespace pointsman {
namespace {

constexpr Parsed Pass() { return {}; }
constexpr Parsed Punt(Reason reason) {
  return {.kind = ParseKind::kPunt, .reason = reason, .tuple = {}};
}

// Types 3, 4, 5, 11 and 12 of RFC 792 quote a packet that may belong to a translated connection.
bool IsIcmpError(uint8_t type) {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

Parsed ParseIcmp(const uint8_t* frame, size_t header_bytes, size_t total_bytes) {
  const bool at_start = (LoadBe16(frame + kFragmentOffset) & kFragmentPosition) == 0;
  if (header_bytes != kIpv4HeaderBytes || !at_start) return Pass();
  if (total_bytes < kIpv4HeaderBytes + kIcmpHeaderBytes) return Pass();
  return IsIcmpError(frame[kTransportOffset]) ? Punt(Reason::kIcmpError) : Pass();
}

Tuple TupleAt(const uint8_t* frame) {
  return {.source_address = LoadBe32(frame + kSourceAddressOffset),
          .destination_address = LoadBe32(frame + kDestinationAddressOffset),
          .source_port = LoadBe16(frame + kSourcePortOffset),
          .destination_port = LoadBe16(frame + kDestinationPortOffset),
          .protocol = frame[kProtocolOffset]};
}

}  // namespace

Parsed Parse(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv4Offset + kIpv4HeaderBytes) return Pass();
  if (LoadBe16(bytes + kEtherTypeOffset) != kEtherTypeIpv4) return Pass();
  if (bytes[kIpv4Offset] >> 4 != 4) return Pass();
  const size_t header_bytes = (bytes[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total_bytes = LoadBe16(bytes + kTotalLengthOffset);
  if (header_bytes < kIpv4HeaderBytes || total_bytes < header_bytes) return Pass();
  if (total_bytes > frame.size() - kIpv4Offset) return Pass();

  const uint8_t protocol = bytes[kProtocolOffset];
  if (protocol == kProtocolIcmp) return ParseIcmp(bytes, header_bytes, total_bytes);
  const bool tcp = protocol == static_cast<uint8_t>(Protocol::kTcp);
  if (!tcp && protocol != static_cast<uint8_t>(Protocol::kUdp)) return Pass();
  const uint16_t fragment = LoadBe16(bytes + kFragmentOffset);
  if ((fragment & (kMoreFragments | kFragmentPosition)) != 0) return Punt(Reason::kFragment);
  if (header_bytes > kIpv4HeaderBytes) return Punt(Reason::kIpOptions);
  if (total_bytes < kIpv4HeaderBytes + (tcp ? kTcpHeaderBytes : kUdpHeaderBytes)) return Pass();
  return {.kind = ParseKind::kTuple, .reason = Reason::kNone, .tuple = TupleAt(bytes)};
}

}  // namespace pointsman
