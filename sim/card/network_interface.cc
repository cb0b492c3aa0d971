#include "sim/card/network_interface.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"
#include "sim/card/file_descriptor.h"

namespace pointsman {

absl::StatusOr<ifreq> InterfaceRequest(const std::string& interface_name) {
  ifreq request = {};
  if (interface_name.empty() || interface_name.size() >= sizeof(request.ifr_name)) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no interface name: 1 to {} bytes are allowed", interface_name,
                    sizeof(request.ifr_name) - 1));
  }
  std::memcpy(request.ifr_name, interface_name.data(), interface_name.size());
  return request;
}

absl::Status SetInterfaceUp(const std::string& interface_name) {
  absl::StatusOr<ifreq> request = InterfaceRequest(interface_name);
  if (!request.ok()) return request.status();
  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control.valid() || ioctl(control.get(), SIOCGIFFLAGS, &*request) != 0) {
    return InterfaceError(interface_name, "cannot be found", errno);
  }
  if ((request->ifr_flags & IFF_UP) != 0) return absl::OkStatus();
  request->ifr_flags |= IFF_UP;
  if (ioctl(control.get(), SIOCSIFFLAGS, &*request) != 0) {
    return InterfaceError(interface_name, "cannot be set up", errno);
  }
  return absl::OkStatus();
}

absl::Status InterfaceError(const std::string& interface_name, const char* what, int errno_value) {
  return absl::Status(absl::ErrnoToStatusCode(errno_value),
                      fmt::format("{}: {}: {}", interface_name, what, std::strerror(errno_value)));
}

}  // namespace pointsman
