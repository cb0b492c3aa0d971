// What differs between TCP or UDP over IPv4 and over IPv6, so that the rule is written once, as
// templates of Family: Ipv4 or Ipv6.
#ifndef POINTSMAN_FLOW_TABLES_FAMILY_H_
#define POINTSMAN_FLOW_TABLES_FAMILY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "flow_tables/address.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "flow_tables/types.h"

namespace pointsman {

// Translation, for IPv6.
struct TranslationIpv6 {
  Bits128 new_source_address{};
  Bits128 new_destination_address{};
  uint16_t new_source_port{};
  uint16_t new_destination_port{};
  uint16_t next_hop{};
  uint16_t frontend_counter{};
  uint32_t endpoint{};
  friend bool operator==(const TranslationIpv6&, const TranslationIpv6&) = default;
};

struct Ipv4 {
  using Key = Tuple;
  using To = Translation;

  // From the start of an untagged frame.
  static constexpr size_t kHopLimit = kTtlOffset;
  static constexpr size_t kSource = kSourceAddressOffset;
  static constexpr size_t kDestination = kDestinationAddressOffset;
  static constexpr size_t kTransport = kTransportOffset;
  static constexpr bool kHeaderHasChecksum = true;

  // Of a packet with this header, untagged: its length, and its type of service.
  static size_t PacketBytes(const uint8_t* frame) { return LoadBe16(frame + kTotalLengthOffset); }
  static uint8_t Tos(const uint8_t* frame) { return frame[kTosOffset]; }
  static void SetCongestion(uint8_t* frame) {
    const uint16_t before = LoadBe16(frame + kIpv4Offset);
    frame[kTosOffset] |= 3;
    ChecksumDelta delta;
    delta.Replace16(before, LoadBe16(frame + kIpv4Offset));
    uint8_t* checksum = frame + kIpv4ChecksumOffset;
    StoreBe16(checksum, delta.Apply(LoadBe16(checksum)));
  }

  // Between an address of a key and its form in rows.
  static constexpr Bits128 ToRow(uint32_t address) { return Address(Ipv4Address{address}).bits(); }
  static constexpr uint32_t FromRow(const Bits128& address) {
    return static_cast<uint32_t>(address.low);
  }
  static void Store(uint32_t address, uint8_t* to) { StoreBe32(to, address); }

  // All of a key in words of 32 bits, an even number of them.
  static constexpr std::array<uint32_t, 4> Words(const Tuple& key) {
    return {key.source_address, key.destination_address,
            uint32_t{key.source_port} << 16 | key.destination_port, key.protocol};
  }
};

struct Ipv6 {
  using Key = TupleIpv6;
  using To = TranslationIpv6;

  static constexpr size_t kHopLimit = kIpv6HopLimitOffset;
  static constexpr size_t kSource = kIpv6SourceOffset;
  static constexpr size_t kDestination = kIpv6DestinationOffset;
  static constexpr size_t kTransport = kIpv6TransportOffset;
  static constexpr bool kHeaderHasChecksum = false;

  static size_t PacketBytes(const uint8_t* frame) {
    return kIpv6HeaderBytes + LoadBe16(frame + kIpv6PayloadLengthOffset);
  }
  static uint8_t Tos(const uint8_t* frame) {
    return static_cast<uint8_t>(LoadBe16(frame + kIpv4Offset) >> 4);
  }
  static void SetCongestion(uint8_t* frame) { frame[kTosOffset] |= 3 << 4; }

  static constexpr Bits128 ToRow(const Bits128& address) { return address; }
  static constexpr Bits128 FromRow(const Bits128& address) { return address; }
  static void Store(const Bits128& address, uint8_t* to) {
    StoreBe64(to, address.high);
    StoreBe64(to + 8, address.low);
  }

  static constexpr std::array<uint32_t, 10> Words(const TupleIpv6& key) {
    const Bits128& source = key.source_address;
    const Bits128& destination = key.destination_address;
    const auto low = [](uint64_t word) { return static_cast<uint32_t>(word); };
    const auto high = [](uint64_t word) { return static_cast<uint32_t>(word >> 32); };
    return {low(source.low),
            high(source.low),
            low(source.high),
            high(source.high),
            low(destination.low),
            high(destination.low),
            low(destination.high),
            high(destination.high),
            uint32_t{key.source_port} << 16 | key.destination_port,
            key.protocol};
  }
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FAMILY_H_
