#include "flow_tables/address.h"

#include <array>

#include "fmt/format.h"

namespace pointsman {
namespace {

struct Run {
  size_t first = 0;
  size_t length = 0;
};

// The longest run of zero groups that RFC 5952 writes as "::": two or more, the first of equals.
Run ZerosToShorten(const std::array<uint16_t, 8>& groups) {
  Run longest, current;
  for (size_t i = 0; i < groups.size(); ++i) {
    current = groups[i] != 0 ? Run{i + 1, 0} : Run{current.first, current.length + 1};
    if (current.length > longest.length) longest = current;
  }
  return longest.length < 2 ? Run{groups.size(), 0} : longest;
}

std::string Ipv6Text(const Address& address) {
  std::array<uint16_t, 8> groups;
  for (size_t i = 0; i < 8; ++i) {
    const uint64_t word = i < 4 ? address.high() : address.low();
    groups[i] = static_cast<uint16_t>(word >> (48 - 16 * (i % 4)));
  }
  const Run zeros = ZerosToShorten(groups);
  std::string text;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (zeros.length != 0 && i == zeros.first) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

}  // namespace

std::string Describe(const Address& address) {
  if (!address.is_v4()) return Ipv6Text(address);
  const uint32_t value = address.v4().value;
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xff, value >> 8 & 0xff,
                     value & 0xff);
}

std::string Describe(const AddressPrefix& prefix) {
  const int shortfall = prefix.address.is_v4() ? kIpv4PrefixBits : 0;
  return fmt::format("{}/{}", Describe(prefix.address), prefix.length_bits - shortfall);
}

std::string DescribeSocket(const Address& address, uint16_t port) {
  return fmt::format(fmt::runtime(address.is_v4() ? "{}:{}" : "[{}]:{}"), Describe(address), port);
}

}  // namespace pointsman
