#include "host/cli/socket_address.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace pointsman {

absl::StatusOr<std::pair<kube::IpAddress, uint16_t>> ParseSocketAddress(
    const std::string& text, std::optional<uint16_t> port) {
  std::string address = text;
  const size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const bool one_colon = colon != std::string::npos && text.find(':') == colon;
  if (one_colon || (bracketed && !text.ends_with(']'))) {
    uint16_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, number);
    if (error != std::errc() || stop != end || number == 0) {
      return absl::InvalidArgumentError(fmt::format("{}: no port 1 to 65535 at its end", text));
    }
    port = number;
    address = text.substr(0, colon);
  }
  if (bracketed && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto ip = kube::IpAddress::Parse(address);
  if (!ip.ok()) return ip.status();
  if (!port) return absl::InvalidArgumentError(fmt::format("{}: a port is missing", text));
  return std::pair(*ip, *port);
}

}  // namespace pointsman
