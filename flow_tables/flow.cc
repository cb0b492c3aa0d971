#include "flow_tables/flow.h"

#include <array>

#include "flow_tables/checksum.h"
#include "flow_tables/hash.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr size_t kSctpHeaderBytes = 12;
constexpr size_t kSctpChecksumOffset = 8;  // from the start of the segment

// 0: not one of the protocols.
size_t HeaderBytesOf(uint8_t protocol) {
  switch (Protocol{protocol}) {
    case Protocol::kTcp:
      return kTcpHeaderBytes;
    case Protocol::kUdp:
      return kUdpHeaderBytes;
    case Protocol::kSctp:
      return kSctpHeaderBytes;
  }
  return 0;
}

// The rest of a flow whose addresses, hop limit and segment are known.
std::optional<Flow> WithPorts(std::span<const uint8_t> frame, uint8_t protocol, Flow flow) {
  const size_t header_bytes = HeaderBytesOf(protocol);
  if (header_bytes == 0 || flow.transport_bytes < header_bytes) return std::nullopt;
  const uint8_t* segment = frame.data() + flow.transport_offset;
  flow.key.source_port = LoadBe16(segment);
  flow.key.destination_port = LoadBe16(segment + 2);
  flow.key.protocol = Protocol{protocol};
  return flow;
}

std::optional<Flow> Ipv4Header(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kTransportOffset || bytes[kIpv4Offset] >> 4 != 4) return std::nullopt;
  const size_t total = LoadBe16(bytes + kTotalLengthOffset);
  if (total < kIpv4HeaderBytes || total > frame.size() - kIpv4Offset) return std::nullopt;
  Flow flow;
  flow.key.source = Address::FromBytes(frame.subspan(kSourceAddressOffset, 4));
  flow.key.destination = Address::FromBytes(frame.subspan(kDestinationAddressOffset, 4));
  flow.hop_limit = bytes[kTtlOffset];
  flow.transport_offset = kTransportOffset;
  flow.transport_bytes = total - kIpv4HeaderBytes;
  return flow;
}

std::optional<Flow> ParseIpv4(std::span<const uint8_t> frame) {
  const std::optional<Flow> flow = Ipv4Header(frame);
  if (!flow || frame[kIpv4Offset] != 0x45) return std::nullopt;
  const uint16_t fragment = LoadBe16(&frame[kFragmentOffset]);
  if ((fragment & (kMoreFragments | kFragmentPosition)) != 0) return std::nullopt;
  return WithPorts(frame, frame[kProtocolOffset], *flow);
}

std::optional<Flow> Ipv6Header(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv6TransportOffset || bytes[kIpv4Offset] >> 4 != 6) return std::nullopt;
  const size_t payload = LoadBe16(bytes + kIpv6PayloadLengthOffset);
  if (payload > frame.size() - kIpv6TransportOffset) return std::nullopt;
  Flow flow;
  flow.key.source = Address::FromBytes(frame.subspan(kIpv6SourceOffset, 16));
  flow.key.destination = Address::FromBytes(frame.subspan(kIpv6DestinationOffset, 16));
  if (flow.key.source.is_v4() || flow.key.destination.is_v4()) return std::nullopt;
  flow.hop_limit = bytes[kIpv6HopLimitOffset];
  flow.transport_offset = kIpv6TransportOffset;
  flow.transport_bytes = payload;
  return flow;
}

std::optional<Flow> ParseIpv6(std::span<const uint8_t> frame) {
  const std::optional<Flow> flow = Ipv6Header(frame);
  return flow ? WithPorts(frame, frame[kIpv6NextHeaderOffset], *flow) : std::nullopt;
}

uint16_t EtherTypeOf(std::span<const uint8_t> frame) {
  return frame.size() < kIpv4Offset ? 0 : LoadBe16(frame.data() + kEtherTypeOffset);
}

uint32_t SctpCrc(std::span<const uint8_t> segment) {
  constexpr std::array<uint8_t, 4> kNoChecksum{};
  uint32_t crc = Crc32c(~uint32_t{0}, segment.first(kSctpChecksumOffset));
  crc = Crc32c(crc, kNoChecksum);
  return ~Crc32c(crc, segment.subspan(kSctpHeaderBytes));
}

void RewriteSegment(std::span<uint8_t> segment, const FlowKey& to) {
  const uint32_t before = SctpCrc(segment);
  StoreBe16(segment.data(), to.source_port);
  StoreBe16(segment.data() + 2, to.destination_port);
  const uint32_t change = before ^ SctpCrc(segment);
  for (size_t i = 0; i < 4; ++i) {
    segment[kSctpChecksumOffset + i] ^= static_cast<uint8_t>(change >> (8 * i));
  }
}

void RewriteIpv4Header(uint8_t* frame, const FlowKey& from, const FlowKey& to) {
  ChecksumDelta delta;
  delta.Replace(from.source.v4().value, to.source.v4().value);
  delta.Replace(from.destination.v4().value, to.destination.v4().value);
  const uint16_t ttl_word = LoadBe16(frame + kTtlOffset);
  delta.Replace16(ttl_word, static_cast<uint16_t>(ttl_word - 0x0100));
  --frame[kTtlOffset];
  to.source.Store(frame + kSourceAddressOffset);
  to.destination.Store(frame + kDestinationAddressOffset);
  uint8_t* checksum = frame + kIpv4ChecksumOffset;
  StoreBe16(checksum, delta.Apply(LoadBe16(checksum)));
}

}  // namespace

std::vector<uint8_t> WithoutTag(std::span<const uint8_t> frame) {
  std::vector<uint8_t> untagged(frame.begin(), frame.end());
  const auto tag = untagged.begin() + kEtherTypeOffset;
  untagged.erase(tag, tag + kVlanTagBytes);
  return untagged;
}

std::optional<Flow> ParseFlow(std::span<const uint8_t> frame) {
  switch (EtherTypeOf(frame)) {
    case kEtherTypeIpv4:
      return ParseIpv4(frame);
    case kEtherTypeIpv6:
      return ParseIpv6(frame);
    default:
      return std::nullopt;
  }
}

std::optional<Flow> ParseIp(std::span<const uint8_t> frame) {
  std::optional<Flow> flow;
  uint8_t next = 0;
  if (EtherTypeOf(frame) == kEtherTypeIpv4) {
    flow = Ipv4Header(frame);
    if (flow && (LoadBe16(&frame[kFragmentOffset]) & kFragmentPosition) != 0) return std::nullopt;
    if (flow) next = frame[kProtocolOffset];
  } else if (EtherTypeOf(frame) == kEtherTypeIpv6) {
    flow = Ipv6Header(frame);
    if (flow) next = frame[kIpv6NextHeaderOffset];
  }
  const bool icmp = next == kProtocolIcmp || next == kProtocolIcmpv6;
  return icmp ? std::nullopt : flow;
}

void RewriteSctp(std::span<uint8_t> frame, const Flow& flow, const FlowKey& to,
                 const NextHop& hop) {
  RewriteSegment(frame.subspan(flow.transport_offset, flow.transport_bytes), to);
  StoreBe48(frame.data() + kDestinationMacOffset, hop.destination_mac.value);
  StoreBe48(frame.data() + kSourceMacOffset, hop.source_mac.value);
  if (flow.key.source.is_v4()) {
    RewriteIpv4Header(frame.data(), flow.key, to);
    return;
  }
  --frame[kIpv6HopLimitOffset];
  to.source.Store(frame.data() + kIpv6SourceOffset);
  to.destination.Store(frame.data() + kIpv6DestinationOffset);
}

Tuple ToTuple(const FlowKey& key) {
  return {.source_address = key.source.v4().value,
          .destination_address = key.destination.v4().value,
          .source_port = key.source_port,
          .destination_port = key.destination_port,
          .protocol = static_cast<uint8_t>(key.protocol)};
}

TupleIpv6 ToTupleIpv6(const FlowKey& key) {
  return {.source_address = key.source.bits(),
          .destination_address = key.destination.bits(),
          .source_port = key.source_port,
          .destination_port = key.destination_port,
          .protocol = static_cast<uint8_t>(key.protocol)};
}

FlowKey ToFlowKey(const Tuple& tuple) {
  return {Ipv4Address{tuple.source_address}, Ipv4Address{tuple.destination_address},
          tuple.source_port, tuple.destination_port, Protocol{tuple.protocol}};
}

FlowKey ToFlowKey(const TupleIpv6& tuple) {
  return {Address::FromBits(tuple.source_address), Address::FromBits(tuple.destination_address),
          tuple.source_port, tuple.destination_port, Protocol{tuple.protocol}};
}

uint32_t FlowHash(const FlowKey& key, uint32_t seed) {
  return key.source.is_v4() ? SlotHash(ToTuple(key), seed) : SlotHash(ToTupleIpv6(key), seed);
}

}  // namespace pointsman
