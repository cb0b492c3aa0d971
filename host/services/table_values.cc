#include "host/services/table_values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>
#include <system_error>

#include "absl/status/status.h"

namespace pointsman {
namespace {

constexpr int kMacBytes = 6;
constexpr size_t kMacTextLength = kMacBytes * 3 - 1;
constexpr uint64_t kGroupBit = uint64_t{1} << 40;

absl::Status BadMac(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("\"{}\" {}", text, why));
}

}  // namespace

Address TableAddress(const kube::IpAddress& address) { return Address::FromBytes(address.bytes()); }

kube::IpAddress ObjectAddress(const Address& address) {
  std::array<uint8_t, 16> bytes{};
  address.Store(bytes.data());
  return kube::IpAddress::FromBytes(std::span(bytes).first(address.is_v4() ? 4 : 16));
}

AddressPrefix TablePrefix(const kube::IpPrefix& prefix) {
  const int shortfall = prefix.family() == kube::IpFamily::kIPv4 ? kIpv4PrefixBits : 0;
  return {TableAddress(prefix.address()), static_cast<uint8_t>(prefix.length_bits() + shortfall)};
}

Protocol TableProtocol(kube::Protocol protocol) {
  switch (protocol) {
    case kube::Protocol::kTcp:
      return Protocol::kTcp;
    case kube::Protocol::kUdp:
      return Protocol::kUdp;
    case kube::Protocol::kSctp:
      break;
  }
  return Protocol::kSctp;
}

absl::StatusOr<MacAddress> ParseMac(std::string_view text) {
  constexpr std::string_view kForm = "is no MAC address: write it like 02:00:00:00:00:01";
  if (text.size() != kMacTextLength) return BadMac(text, kForm);
  MacAddress mac;
  for (size_t at = 0; at < text.size(); at += 3) {
    if (at > 0 && text[at - 1] != ':') return BadMac(text, kForm);
    const char* const end = text.data() + at + 2;
    uint8_t byte = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, end, byte, 16);
    if (error != std::errc() || stop != end) return BadMac(text, kForm);
    mac.value = mac.value << 8 | byte;
  }
  if (mac.value == 0 || (mac.value & kGroupBit) != 0) {
    return BadMac(text, "is not the MAC address of one interface");
  }
  return mac;
}

std::string MacText(MacAddress mac) {
  std::string text;
  for (int shift = 8 * (kMacBytes - 1); shift >= 0; shift -= 8) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", mac.value >> shift & 0xff);
  }
  return text;
}

}  // namespace pointsman
