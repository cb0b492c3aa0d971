// IP addresses and prefixes as Kubernetes objects hold them. Plain values, safe to copy between
// threads. Bytes are in network order.
//
// Errors: every parser returns InvalidArgument with a message that quotes the text and says what
// is wrong with it.
#ifndef POINTSMAN_HOST_KUBE_IP_ADDRESS_H_
#define POINTSMAN_HOST_KUBE_IP_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace pointsman::kube {

enum class IpFamily : uint8_t { kIPv4, kIPv6 };

// "IPv4" or "IPv6".
std::string_view ToString(IpFamily family);

class IpAddress {
 public:
  // 0.0.0.0
  IpAddress() = default;

  // The strict form: no leading zeros, no zone, no IPv4-mapped IPv6 address.
  static absl::StatusOr<IpAddress> Parse(std::string_view text);

  // What objects stored by older API servers may hold besides: leading zeros in IPv4 (decimal,
  // never octal), and IPv4-mapped IPv6, which means the IPv4 address (Go's ParseIP before 1.17).
  static absl::StatusOr<IpAddress> ParseStored(std::string_view text);

  // REQUIRES: bytes.size() is 4 or 16.
  static IpAddress FromBytes(std::span<const uint8_t> bytes);

  IpFamily family() const { return family_; }
  std::span<const uint8_t> bytes() const { return {bytes_.data(), size_bytes()}; }
  int bits() const { return static_cast<int>(size_bytes()) * 8; }

  bool IsUnspecified() const;
  bool IsLoopback() const;
  // 169.254.0.0/16, fe80::/10, and the link-local multicast groups 224.0.0.0/24, ff02::/16.
  bool IsLinkLocal() const;

  // Canonical text (RFC 5952 for IPv6).
  std::string ToString() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend std::strong_ordering operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& address) {
    return H::combine(std::move(h), address.family_, address.bytes_);
  }

 private:
  size_t size_bytes() const { return family_ == IpFamily::kIPv4 ? 4 : 16; }

  IpFamily family_ = IpFamily::kIPv4;
  std::array<uint8_t, 16> bytes_{};  // IPv4: the first four, the rest zero
};

// A CIDR block. Bits of the address beyond the length are zero.
class IpPrefix {
 public:
  // 0.0.0.0/0
  IpPrefix() = default;

  // The prefix that holds this address alone.
  static IpPrefix Of(const IpAddress& address) { return IpPrefix(address, address.bits()); }

  // Strict, as IpAddress::Parse. Bits beyond the length are cleared, as kube-proxy does.
  static absl::StatusOr<IpPrefix> Parse(std::string_view text);
  // As IpAddress::ParseStored; the length may have leading zeros, too.
  static absl::StatusOr<IpPrefix> ParseStored(std::string_view text);

  const IpAddress& address() const { return address_; }
  int length_bits() const { return length_bits_; }
  IpFamily family() const { return address_.family(); }
  bool Contains(const IpAddress& address) const;
  std::string ToString() const;

  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
  friend std::strong_ordering operator<=>(const IpPrefix&, const IpPrefix&) = default;

 private:
  using AddressParser = absl::StatusOr<IpAddress> (*)(std::string_view);

  IpPrefix(const IpAddress& address, int length_bits);
  static absl::StatusOr<IpPrefix> ParseWith(AddressParser parse_address, std::string_view text);

  IpAddress address_;
  int length_bits_ = 0;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_IP_ADDRESS_H_
