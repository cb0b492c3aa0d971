// What differs between TCP or UDP over IPv4 and over IPv6, so that the rule is written once, as
// templates of Family: Ipv4 or Ipv6.
#ifndef POINTSMAN_FLOW_TABLES_FAMILY_H_
#define POINTSMAN_FLOW_TABLES_FAMILY_H_

#include <array>
#include <bit>
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
  // The new addresses, at kSource.
  static void StoreAddresses(const Translation& to, uint8_t* at) {
    StoreBe64(at, std::rotl(InMemory(to.new_source_address, to.new_destination_address), 32));
  }

  // All of a key in words of 32 bits, an even number of them.
  static constexpr std::array<uint32_t, 4> Words(const Tuple& key) {
    return {key.source_address, key.destination_address,
            uint32_t{key.source_port} << 16 | key.destination_port, key.protocol};
  }

  // Whether packets of the key are what `to` makes of others, turned round. Without a branch.
  static constexpr bool IsTurnedRound(const Tuple& key, const Translation& to) {
    const uint64_t addresses = InMemory(to.new_source_address, to.new_destination_address) ^
                               std::rotl(InMemory(key.source_address, key.destination_address), 32);
    const uint32_t ports = InMemory(to.new_source_port, to.new_destination_port) ^
                           std::rotl(InMemory(key.source_port, key.destination_port), 16);
    return (addresses | ports) == 0;
  }

 private:
  // Two neighbours, as one load gives them.
  static constexpr uint64_t InMemory(uint32_t first, uint32_t second) {
    return uint64_t{second} << 32 | first;
  }
  static constexpr uint32_t InMemory(uint16_t first, uint16_t second) {
    return uint32_t{second} << 16 | first;
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
  static void StoreAddresses(const TranslationIpv6& to, uint8_t* at) {
    StoreBe64(at, to.new_source_address.high);
    StoreBe64(at + 8, to.new_source_address.low);
    StoreBe64(at + 16, to.new_destination_address.high);
    StoreBe64(at + 24, to.new_destination_address.low);
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

  static constexpr bool IsTurnedRound(const TupleIpv6& key, const TranslationIpv6& to) {
    return key.source_address == to.new_destination_address &&
           key.destination_address == to.new_source_address &&
           key.source_port == to.new_destination_port && key.destination_port == to.new_source_port;
  }
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FAMILY_H_
