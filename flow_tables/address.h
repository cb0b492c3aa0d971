// An IPv4 or IPv6 address as one number of 128 bits, and prefixes of them: what one rule says of
// both families is written once. IPv4 is ::ffff:0:0/96 (RFC 4291, 2.5.5.2), as in rows of the
// tables; a packet over IPv6 cannot have such an address, so nothing is lost. Plain values, in host
// byte order.
#ifndef POINTSMAN_FLOW_TABLES_ADDRESS_H_
#define POINTSMAN_FLOW_TABLES_ADDRESS_H_

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/types.h"

namespace pointsman {

inline constexpr uint8_t kIpv4PrefixBits = 96;  // what an IPv4 prefix length is short of

class Address {
 public:
  constexpr Address() = default;  // 0.0.0.0
  // IPv4 addresses are addresses. NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Address(Ipv4Address address) : low_(kIpv4Mark | address.value) {}
  static constexpr Address FromWords(uint64_t high, uint64_t low) { return Address(high, low); }
  // As rows of the tables hold it.
  static constexpr Address FromBits(const Bits128& bits) { return Address(bits.high, bits.low); }
  constexpr Bits128 bits() const { return {.low = low_, .high = high_}; }

  // From a packet, in network order. REQUIRES: bytes.size() is 4 or 16.
  static Address FromBytes(std::span<const uint8_t> bytes) {
    if (bytes.size() == 4) return Ipv4Address{LoadBe32(bytes.data())};
    return Address(LoadBe64(bytes.data()), LoadBe64(bytes.data() + 8));
  }

  // To a packet: 4 or 16 bytes.
  void Store(uint8_t* to) const {
    if (is_v4()) return StoreBe32(to, static_cast<uint32_t>(low_));
    StoreBe64(to, high_);
    StoreBe64(to + 8, low_);
  }

  constexpr bool is_v4() const { return high_ == 0 && low_ >> 32 == kIpv4Mark >> 32; }
  // REQUIRES: is_v4().
  constexpr Ipv4Address v4() const { return {static_cast<uint32_t>(low_)}; }

  constexpr uint64_t high() const { return high_; }
  constexpr uint64_t low() const { return low_; }

  // IPv4 before IPv6 apart from ::/96, each by number.
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Address& address) {
    return H::combine(std::move(h), address.high_, address.low_);
  }

 private:
  static constexpr uint64_t kIpv4Mark = uint64_t{kMappedIpv4Prefix} << 32;
  constexpr Address(uint64_t high, uint64_t low) : high_(high), low_(low) {}

  uint64_t high_ = 0;
  uint64_t low_ = kIpv4Mark;
};

struct AddressPrefix {
  Address address;            // bits behind the length are 0
  uint8_t length_bits = 128;  // of the 128: an IPv4 prefix /16 has 112

  constexpr bool Contains(const Address& other) const {
    return ((address.high() ^ other.high()) & HighMask()) == 0 &&
           ((address.low() ^ other.low()) & LowMask()) == 0;
  }
  // REQUIRES: length_bits is at most 128.
  constexpr uint64_t HighMask() const {
    return length_bits == 0 ? 0 : length_bits >= 64 ? ~uint64_t{0} : ~(~uint64_t{0} >> length_bits);
  }
  constexpr uint64_t LowMask() const {
    if (length_bits <= 64) return 0;
    return length_bits >= 128 ? ~uint64_t{0} : ~(~uint64_t{0} >> (length_bits - 64));
  }
  friend constexpr auto operator<=>(const AddressPrefix&, const AddressPrefix&) = default;
};

// REQUIRES: length_bits is at most 32.
constexpr AddressPrefix Ipv4Prefix(Ipv4Address address, uint8_t length_bits) {
  return {address, static_cast<uint8_t>(length_bits + kIpv4PrefixBits)};
}

// "10.0.0.1", "fd00::1" (RFC 5952); "10.0.0.0/8"; "10.0.0.1:80", "[fd00::1]:80".
std::string Describe(const Address& address);
std::string Describe(const AddressPrefix& prefix);
std::string DescribeSocket(const Address& address, uint16_t port);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_ADDRESS_H_
