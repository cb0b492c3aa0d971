#include "host/softpath/icmp_errors.h"

#include <algorithm>
#include <array>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "host/softpath/deep_packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kRedirect = 5;
constexpr size_t kPortsBytes = 8;  // of a transport header that an error quotes at least
constexpr size_t kChecksumInIcmp = 2;

std::optional<IcmpError> ParseIpv4(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kTransportOffset + kIcmpHeaderBytes) return std::nullopt;
  if (bytes[kIpv4Offset] != 0x45 || bytes[kProtocolOffset] != kProtocolIcmp) return std::nullopt;
  const size_t total = LoadBe16(bytes + kTotalLengthOffset);
  if (total < kIpv4HeaderBytes + kIcmpHeaderBytes || total > frame.size() - kIpv4Offset) {
    return std::nullopt;
  }
  const uint16_t fragment = LoadBe16(bytes + kFragmentOffset);
  if ((fragment & (kMoreFragments | kFragmentPosition)) != 0) return std::nullopt;
  const uint8_t type = bytes[kTransportOffset];
  if (!internal::IsIcmpError(type)) return std::nullopt;
  IcmpError error;
  error.source = Address::FromBytes(frame.subspan(kSourceAddressOffset, 4));
  error.destination = Address::FromBytes(frame.subspan(kDestinationAddressOffset, 4));
  error.hop_limit = bytes[kTtlOffset];
  error.is_redirect = type == kRedirect;
  error.icmp_offset = kTransportOffset;
  error.icmp_bytes = total - kIpv4HeaderBytes;
  return error;
}

std::optional<IcmpError> ParseIpv6(std::span<const uint8_t> frame) {
  const uint8_t* bytes = frame.data();
  if (frame.size() < kIpv6TransportOffset + kIcmpHeaderBytes) return std::nullopt;
  if (bytes[kIpv4Offset] >> 4 != 6 || bytes[kIpv6NextHeaderOffset] != kProtocolIcmpv6) {
    return std::nullopt;
  }
  const size_t payload = LoadBe16(bytes + kIpv6PayloadLengthOffset);
  if (payload < kIcmpHeaderBytes || payload > frame.size() - kIpv6TransportOffset) {
    return std::nullopt;
  }
  const uint8_t type = bytes[kIpv6TransportOffset];
  if (type < 1 || type > 4) return std::nullopt;
  IcmpError error;
  error.source = Address::FromBytes(frame.subspan(kIpv6SourceOffset, 16));
  error.destination = Address::FromBytes(frame.subspan(kIpv6DestinationOffset, 16));
  if (error.source.is_v4() || error.destination.is_v4()) return std::nullopt;
  error.hop_limit = bytes[kIpv6HopLimitOffset];
  error.icmp_offset = kIpv6TransportOffset;
  error.icmp_bytes = payload;
  return error;
}

// What the error quotes, behind an Ethernet header of its own.
std::vector<uint8_t> QuotedFrame(std::span<const uint8_t> frame, const IcmpError& error) {
  const auto quoted =
      frame.subspan(error.icmp_offset + kIcmpHeaderBytes, error.icmp_bytes - kIcmpHeaderBytes);
  std::vector<uint8_t> alone(kIpv4Offset + quoted.size());
  std::copy_n(frame.begin(), kIpv4Offset, alone.begin());
  std::ranges::copy(quoted, alone.begin() + kIpv4Offset);
  return alone;
}

size_t ChecksumInTransport(Protocol protocol) {
  return protocol == Protocol::kTcp ? kTcpChecksumInHeader : kUdpChecksumInHeader;
}

// Addresses, ports and checksums of the quoted packet.
void TranslateQuoted(std::span<uint8_t> frame, const DeepPacket& packet, const FlowKey& from,
                     const FlowKey& to) {
  uint8_t* at = frame.data();
  ChecksumDelta addresses;
  if (packet.is_v4()) {
    addresses.Replace(from.source.v4().value, to.source.v4().value);
    addresses.Replace(from.destination.v4().value, to.destination.v4().value);
    StoreBe16(at + kIpv4ChecksumOffset, addresses.Apply(LoadBe16(at + kIpv4ChecksumOffset)));
  } else {
    addresses.Replace(from.source.bits(), to.source.bits());
    addresses.Replace(from.destination.bits(), to.destination.bits());
  }
  to.source.Store(at + (packet.is_v4() ? kSourceAddressOffset : kIpv6SourceOffset));
  to.destination.Store(at + (packet.is_v4() ? kDestinationAddressOffset : kIpv6DestinationOffset));
  uint8_t* segment = at + packet.transport_offset;
  StoreBe16(segment, to.source_port);
  StoreBe16(segment + 2, to.destination_port);
  const size_t checksum_at = ChecksumInTransport(to.protocol);
  if (to.protocol == Protocol::kSctp) return;
  if (packet.transport_offset + checksum_at + 2 > frame.size()) return;
  const uint16_t old = LoadBe16(segment + checksum_at);
  if (to.protocol == Protocol::kUdp && old == 0) return;
  ChecksumDelta transport = addresses;
  transport.Replace(uint32_t{from.source_port} << 16 | from.destination_port,
                    uint32_t{to.source_port} << 16 | to.destination_port);
  const uint16_t updated = transport.Apply(old);
  StoreBe16(segment + checksum_at,
            to.protocol == Protocol::kUdp && updated == 0 ? 0xffff : updated);
}

// Of what the ICMP checksum covers; over IPv6 also the addresses.
uint64_t CoveredSum(std::span<const uint8_t> frame, const IcmpError& error) {
  uint64_t sum = ChecksumSum(frame.subspan(error.icmp_offset, kChecksumInIcmp)) +
                 ChecksumSum(frame.subspan(error.icmp_offset + kChecksumInIcmp + 2,
                                           error.icmp_bytes - kChecksumInIcmp - 2));
  if (!error.source.is_v4()) sum += ChecksumSum(frame.subspan(kIpv6SourceOffset, 32));
  return sum;
}

void TranslateOuterHeader(uint8_t* at, const IcmpError& error, const Address& source,
                          const Address& destination) {
  if (!error.source.is_v4()) {
    --at[kIpv6HopLimitOffset];
    source.Store(at + kIpv6SourceOffset);
    destination.Store(at + kIpv6DestinationOffset);
    return;
  }
  ChecksumDelta delta;
  delta.Replace(error.source.v4().value, source.v4().value);
  delta.Replace(error.destination.v4().value, destination.v4().value);
  const uint16_t ttl_word = LoadBe16(at + kTtlOffset);
  delta.Replace16(ttl_word, static_cast<uint16_t>(ttl_word - 0x0100));
  --at[kTtlOffset];
  source.Store(at + kSourceAddressOffset);
  destination.Store(at + kDestinationAddressOffset);
  StoreBe16(at + kIpv4ChecksumOffset, delta.Apply(LoadBe16(at + kIpv4ChecksumOffset)));
}

}  // namespace

std::optional<IcmpError> ParseIcmpError(std::span<const uint8_t> frame) {
  if (frame.size() < kIpv4Offset) return std::nullopt;
  const uint16_t ether_type = LoadBe16(frame.data() + kEtherTypeOffset);
  std::optional<IcmpError> error;
  if (ether_type == kEtherTypeIpv4) error = ParseIpv4(frame);
  if (ether_type == kEtherTypeIpv6) error = ParseIpv6(frame);
  if (!error) return std::nullopt;
  const std::vector<uint8_t> quoted = QuotedFrame(frame, *error);
  const std::optional<DeepPacket> packet = ParseDeep(quoted, /*whole=*/false);
  if (!packet || !packet->IsFirst()) return std::nullopt;
  if (quoted.size() < packet->transport_offset + kPortsBytes) return std::nullopt;
  const uint8_t* ports = quoted.data() + packet->transport_offset;
  error->quoted = {packet->source, packet->destination, LoadBe16(ports), LoadBe16(ports + 2),
                   Protocol{packet->protocol}};
  return error;
}

void TranslateIcmpError(std::span<uint8_t> frame, const IcmpError& error, const FlowKey& quoted,
                        const Address& source, const NextHop& hop) {
  const uint64_t before = CoveredSum(frame, error);
  std::vector<uint8_t> inside = QuotedFrame(frame, error);
  TranslateQuoted(inside, *ParseDeep(inside, /*whole=*/false), error.quoted, quoted);
  std::copy(inside.begin() + kIpv4Offset, inside.end(),
            frame.begin() + static_cast<std::ptrdiff_t>(error.icmp_offset + kIcmpHeaderBytes));
  uint8_t* at = frame.data();
  TranslateOuterHeader(at, error, source, quoted.source);
  StoreBe48(at + kDestinationMacOffset, hop.destination_mac.value);
  StoreBe48(at + kSourceMacOffset, hop.source_mac.value);
  uint8_t* checksum = at + error.icmp_offset + kChecksumInIcmp;
  const uint64_t after = CoveredSum(frame, error);
  const auto old = static_cast<uint16_t>(~LoadBe16(checksum));
  const auto removed = static_cast<uint16_t>(~FoldChecksum(before));
  StoreBe16(checksum, static_cast<uint16_t>(~FoldChecksum(uint64_t{old} + removed + after)));
}

}  // namespace pointsman
