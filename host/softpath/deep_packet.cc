#include "host/softpath/deep_packet.h"

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragment = 44;
constexpr uint8_t kDestinationOptions = 60;
constexpr size_t kFragmentHeaderBytes = 8;
// More than any packet has that is meant to arrive (RFC 8200, 4.1 lists six).
constexpr int kExtensionHeadersMax = 8;

bool IsTcp(uint8_t protocol) { return protocol == static_cast<uint8_t>(Protocol::kTcp); }
// SCTP only where a packet is quoted: its checksum cannot be mended in a fragment.
bool IsCarried(uint8_t protocol, bool whole) {
  return IsTcp(protocol) || protocol == static_cast<uint8_t>(Protocol::kUdp) ||
         (!whole && protocol == static_cast<uint8_t>(Protocol::kSctp));
}

std::optional<DeepPacket> ParseIpv4(std::span<const uint8_t> frame, bool whole) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kTransportOffset || bytes[kIpv4Offset] >> 4 != 4) return std::nullopt;
  const size_t header_bytes = (bytes[kIpv4Offset] & 0x0f) * size_t{4};
  size_t total = LoadBe16(bytes + kTotalLengthOffset);
  if (!whole) total = std::min(total, frame.size() - kIpv4Offset);
  if (header_bytes < kIpv4HeaderBytes || total < header_bytes) return std::nullopt;
  if (total > frame.size() - kIpv4Offset) return std::nullopt;
  DeepPacket packet;
  packet.protocol = bytes[kProtocolOffset];
  if (!IsCarried(packet.protocol, whole)) return std::nullopt;
  packet.source = Address::FromBytes(frame.subspan(kSourceAddressOffset, 4));
  packet.destination = Address::FromBytes(frame.subspan(kDestinationAddressOffset, 4));
  packet.hop_limit = bytes[kTtlOffset];
  packet.packet_bytes = total;
  packet.transport_offset = kIpv4Offset + header_bytes;
  const uint16_t fragment = LoadBe16(bytes + kFragmentOffset);
  packet.more_fragments = (fragment & kMoreFragments) != 0;
  packet.fragment_offset_bytes = (fragment & kFragmentPosition) * size_t{8};
  packet.is_fragment = packet.more_fragments || packet.fragment_offset_bytes != 0;
  packet.identification = LoadBe16(bytes + kIdentificationOffset);
  return packet;
}

// Steps over one extension header at packet.transport_offset; false: it cannot be.
bool StepOver(std::span<const uint8_t> frame, size_t end, uint8_t& next, DeepPacket& packet) {
  const size_t at = packet.transport_offset;
  if (end - at < kFragmentHeaderBytes) return false;
  size_t bytes = (frame[at + 1] + size_t{1}) * 8;
  if (next == kFragment) {
    bytes = kFragmentHeaderBytes;
    const uint16_t fragment = LoadBe16(&frame[at + 2]);
    packet.is_fragment = true;
    packet.fragment_offset_bytes = fragment & 0xfff8;
    packet.more_fragments = (fragment & 1) != 0;
    packet.identification = LoadBe32(&frame[at + 4]);
  } else if (next == kRouting) {
    packet.is_routed = packet.is_routed || frame[at + 3] != 0;
  }
  if (end - at < bytes) return false;
  next = frame[at];
  packet.transport_offset = at + bytes;
  return true;
}

std::optional<DeepPacket> ParseIpv6(std::span<const uint8_t> frame, bool whole) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv6TransportOffset || bytes[kIpv4Offset] >> 4 != 6) return std::nullopt;
  size_t payload = LoadBe16(bytes + kIpv6PayloadLengthOffset);
  if (!whole) payload = std::min(payload, frame.size() - kIpv6TransportOffset);
  if (payload > frame.size() - kIpv6TransportOffset) return std::nullopt;
  DeepPacket packet;
  packet.source = Address::FromBytes(frame.subspan(kIpv6SourceOffset, 16));
  packet.destination = Address::FromBytes(frame.subspan(kIpv6DestinationOffset, 16));
  if (packet.source.is_v4() || packet.destination.is_v4()) return std::nullopt;
  packet.hop_limit = bytes[kIpv6HopLimitOffset];
  packet.packet_bytes = kIpv6HeaderBytes + payload;
  packet.transport_offset = kIpv6TransportOffset;
  uint8_t next = bytes[kIpv6NextHeaderOffset];
  for (int headers = 0; !IsCarried(next, whole); ++headers) {
    const bool known =
        next == kHopByHop || next == kRouting || next == kFragment || next == kDestinationOptions;
    // What follows in a later fragment is not a header.
    if (!known || headers == kExtensionHeadersMax || !packet.IsFirst()) return std::nullopt;
    if (!StepOver(frame, kIpv6TransportOffset + payload, next, packet)) return std::nullopt;
  }
  packet.protocol = next;
  return packet;
}

// From the start of its header: bytes up to where its checksum ends.
size_t BytesWithChecksum(uint8_t protocol) {
  return (IsTcp(protocol) ? kTcpChecksumInHeader : kUdpChecksumInHeader) + 2;
}

size_t TransportBytes(const DeepPacket& packet) {
  return kIpv4Offset + packet.packet_bytes - packet.transport_offset;
}

// Of what TCP's and UDP's checksums cover of an IP header, in words.
void ReplaceAddresses(const DeepPacket& packet, const FlowKey& to, ChecksumDelta& delta) {
  if (packet.is_v4()) {
    delta.Replace(packet.source.v4().value, to.source.v4().value);
    delta.Replace(packet.destination.v4().value, to.destination.v4().value);
  } else {
    delta.Replace(packet.source.bits(), to.source.bits());
    delta.Replace(packet.destination.bits(), to.destination.bits());
  }
}

void TranslateTransport(uint8_t* segment, const DeepPacket& packet, const FlowKey& to) {
  const bool tcp = IsTcp(packet.protocol);
  ChecksumDelta delta;
  ReplaceAddresses(packet, to, delta);
  delta.Replace(LoadBe32(segment), uint32_t{to.source_port} << 16 | to.destination_port);
  StoreBe16(segment, to.source_port);
  StoreBe16(segment + 2, to.destination_port);
  uint8_t* checksum = segment + (tcp ? kTcpChecksumInHeader : kUdpChecksumInHeader);
  const uint16_t old = LoadBe16(checksum);
  if (!tcp && old == 0) return;
  const uint16_t updated = delta.Apply(old);
  StoreBe16(checksum, !tcp && updated == 0 ? 0xffff : updated);
}

}  // namespace

std::optional<DeepPacket> ParseDeep(std::span<const uint8_t> frame, bool whole) {
  if (frame.size() < kIpv4Offset) return std::nullopt;
  switch (LoadBe16(frame.data() + kEtherTypeOffset)) {
    case kEtherTypeIpv4:
      return ParseIpv4(frame, whole);
    case kEtherTypeIpv6:
      return ParseIpv6(frame, whole);
    default:
      return std::nullopt;
  }
}

std::optional<FlowKey> KeyOf(std::span<const uint8_t> frame, const DeepPacket& packet) {
  if (!packet.IsFirst() || TransportBytes(packet) < BytesWithChecksum(packet.protocol)) {
    return std::nullopt;
  }
  const uint8_t* segment = frame.data() + packet.transport_offset;
  return FlowKey{packet.source, packet.destination, LoadBe16(segment), LoadBe16(segment + 2),
                 Protocol{packet.protocol}};
}

std::vector<uint8_t> PlainHeaders(std::span<const uint8_t> frame, const DeepPacket& packet) {
  const bool tcp = IsTcp(packet.protocol);
  const size_t offset = packet.is_v4() ? kTransportOffset : kIpv6TransportOffset;
  const size_t segment_bytes = tcp ? kTcpHeaderBytes : kUdpHeaderBytes;
  std::vector<uint8_t> plain(offset + segment_bytes);
  std::copy_n(frame.begin(), offset, plain.begin());
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(packet.transport_offset),
              std::min(segment_bytes, TransportBytes(packet)),
              plain.begin() + static_cast<std::ptrdiff_t>(offset));
  uint8_t* at = plain.data();
  if (tcp) {
    at[offset + kTcpDataOffset - kTransportOffset] = kTcpHeaderBytes / 4 << 4;
  } else {
    StoreBe16(at + offset + kUdpLengthOffset - kTransportOffset, kUdpHeaderBytes);
  }
  if (packet.is_v4()) {
    at[kIpv4Offset] = 0x45;
    StoreBe16(at + kTotalLengthOffset, static_cast<uint16_t>(kIpv4HeaderBytes + segment_bytes));
    StoreBe16(at + kFragmentOffset, 0);
    StoreBe16(at + kIpv4ChecksumOffset, 0);
    StoreBe16(at + kIpv4ChecksumOffset, InternetChecksum({at + kIpv4Offset, kIpv4HeaderBytes}));
  } else {
    StoreBe16(at + kIpv6PayloadLengthOffset, static_cast<uint16_t>(segment_bytes));
    at[kIpv6NextHeaderOffset] = packet.protocol;
  }
  return plain;
}

void TranslateDeep(std::span<uint8_t> frame, const DeepPacket& packet, const FlowKey& to,
                   const NextHop& hop) {
  uint8_t* at = frame.data();
  if (packet.IsFirst()) TranslateTransport(at + packet.transport_offset, packet, to);
  StoreBe48(at + kDestinationMacOffset, hop.destination_mac.value);
  StoreBe48(at + kSourceMacOffset, hop.source_mac.value);
  if (!packet.is_v4()) {
    --at[kIpv6HopLimitOffset];
    to.source.Store(at + kIpv6SourceOffset);
    to.destination.Store(at + kIpv6DestinationOffset);
    return;
  }
  ChecksumDelta delta;
  ReplaceAddresses(packet, to, delta);
  const uint16_t ttl_word = LoadBe16(at + kTtlOffset);
  delta.Replace16(ttl_word, static_cast<uint16_t>(ttl_word - 0x0100));
  --at[kTtlOffset];
  to.source.Store(at + kSourceAddressOffset);
  to.destination.Store(at + kDestinationAddressOffset);
  StoreBe16(at + kIpv4ChecksumOffset, delta.Apply(LoadBe16(at + kIpv4ChecksumOffset)));
}

}  // namespace pointsman
