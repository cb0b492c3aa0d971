#include "host/kube/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace pointsman::kube {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

absl::Status NotAnAddress(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("'{}' is not an IP address{}", text, why));
}

// inet_pton, or nothing. Embedded zero bytes do not end the text.
std::optional<IpAddress> FromText(int family, std::string_view text, size_t size_bytes) {
  std::array<uint8_t, 16> bytes{};
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(family, terminated.c_str(), bytes.data()) != 1) return std::nullopt;
  return IpAddress::FromBytes({bytes.data(), size_bytes});
}

bool IsMapped(const IpAddress& address) {
  return address.family() == IpFamily::kIPv6 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes().begin());
}

std::optional<IpAddress> FromText(std::string_view text) {
  if (auto v4 = FromText(AF_INET, text, 4)) return v4;
  return FromText(AF_INET6, text, 16);
}

// "010.0.00.1" -> "10.0.0.1". Text that is no dotted quad comes back no better.
std::string WithoutLeadingZeros(std::string_view text) {
  std::string out;
  bool number_begins = true;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit_follows = i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    if (number_begins && text[i] == '0' && digit_follows) continue;
    number_begins = text[i] == '.';
    out += text[i];
  }
  return out;
}

absl::Status NotAPrefix(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("'{}' is not a CIDR block{} (write it like 10.0.0.0/8 or fd00::/64)", text, why));
}

struct PrefixText {
  std::string_view address;
  int length_bits;
};

absl::StatusOr<PrefixText> SplitPrefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return NotAPrefix(text, ": it has no '/'");
  const std::string_view length = text.substr(slash + 1);
  int length_bits = 0;
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), length_bits);
  const bool all_digits = error == std::errc() && end == length.data() + length.size();
  if (!all_digits || length_bits < 0) {
    return NotAPrefix(text, ": its length is no number");
  }
  return PrefixText{text.substr(0, slash), length_bits};
}

}  // namespace

std::string_view ToString(IpFamily family) { return family == IpFamily::kIPv4 ? "IPv4" : "IPv6"; }

absl::StatusOr<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::optional<IpAddress> address = FromText(text);
  if (!address) return NotAnAddress(text, "");
  if (IsMapped(*address)) {
    return NotAnAddress(text, fmt::format(": it is an IPv4 address in IPv6 clothing; write {}",
                                          FromBytes(address->bytes().subspan(12)).ToString()));
  }
  return *address;
}

absl::StatusOr<IpAddress> IpAddress::ParseStored(std::string_view text) {
  std::optional<IpAddress> address = FromText(text);
  if (!address) address = FromText(AF_INET, WithoutLeadingZeros(text), 4);
  if (!address) return NotAnAddress(text, "");
  return IsMapped(*address) ? FromBytes(address->bytes().subspan(12)) : *address;
}

IpAddress IpAddress::FromBytes(std::span<const uint8_t> bytes) {
  IpAddress address;
  address.family_ = bytes.size() == 4 ? IpFamily::kIPv4 : IpFamily::kIPv6;
  std::copy_n(bytes.begin(), address.size_bytes(), address.bytes_.begin());
  return address;
}

bool IpAddress::IsUnspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](uint8_t byte) { return byte == 0; });
}

bool IpAddress::IsLoopback() const {
  if (family_ == IpFamily::kIPv4) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t byte) { return byte == 0; });
}

bool IpAddress::IsLinkLocal() const {
  if (family_ == IpFamily::kIPv4) {
    return (bytes_[0] == 169 && bytes_[1] == 254) ||
           (bytes_[0] == 224 && bytes_[1] == 0 && bytes_[2] == 0);
  }
  return (bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80) ||
         (bytes_[0] == 0xff && (bytes_[1] & 0x0f) == 0x02);
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family_ == IpFamily::kIPv4 ? AF_INET : AF_INET6, bytes_.data(), text, sizeof(text));
  return text;
}

IpPrefix::IpPrefix(const IpAddress& address, int length_bits) : length_bits_(length_bits) {
  std::array<uint8_t, 16> bytes{};
  std::copy(address.bytes().begin(), address.bytes().end(), bytes.begin());
  for (int bit = length_bits; bit < address.bits(); ++bit) bytes[bit / 8] &= ~(0x80 >> (bit % 8));
  address_ = IpAddress::FromBytes({bytes.data(), address.bytes().size()});
}

absl::StatusOr<IpPrefix> IpPrefix::Parse(std::string_view text) {
  return ParseWith(IpAddress::Parse, text);
}

absl::StatusOr<IpPrefix> IpPrefix::ParseStored(std::string_view text) {
  return ParseWith(IpAddress::ParseStored, text);
}

absl::StatusOr<IpPrefix> IpPrefix::ParseWith(AddressParser parse_address, std::string_view text) {
  const absl::StatusOr<PrefixText> parts = SplitPrefix(text);
  if (!parts.ok()) return parts.status();
  const absl::StatusOr<IpAddress> address = parse_address(parts->address);
  if (!address.ok()) return NotAPrefix(text, ": its address is none");
  if (parts->length_bits > address->bits()) return NotAPrefix(text, ": its length is too long");
  return IpPrefix(*address, parts->length_bits);
}

bool IpPrefix::Contains(const IpAddress& address) const {
  return address.family() == family() && IpPrefix(address, length_bits_) == *this;
}

std::string IpPrefix::ToString() const {
  return fmt::format("{}/{}", address_.ToString(), length_bits_);
}

}  // namespace pointsman::kube
