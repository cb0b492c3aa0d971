// An address and a port as users write them.
#ifndef POINTSMAN_HOST_CLI_SOCKET_ADDRESS_H_
#define POINTSMAN_HOST_CLI_SOCKET_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "host/kube/ip_address.h"

namespace pointsman {

// "10.0.0.1:80", "[fd00::1]:80"; the port may be left out where there is a default.
// InvalidArgument, quoting the text: no address, or no port 1 to 65535.
absl::StatusOr<std::pair<kube::IpAddress, uint16_t>> ParseSocketAddress(
    const std::string& text, std::optional<uint16_t> default_port);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_SOCKET_ADDRESS_H_
