#include "sim/card/tap_wire.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sim/card/network_interface.h"

namespace pointsman {

absl::StatusOr<std::unique_ptr<Wire>> TapWire::Open(const std::string& interface_name) {
  absl::StatusOr<ifreq> request = InterfaceRequest(interface_name);
  if (!request.ok()) return request.status();
  FileDescriptor tap(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap.valid()) return InterfaceError(interface_name, "/dev/net/tun cannot be opened", errno);
  request->ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap.get(), TUNSETIFF, &*request) != 0) {
    return InterfaceError(interface_name, "is no TAP interface that can be attached", errno);
  }
  if (absl::Status status = SetInterfaceUp(interface_name); !status.ok()) return status;
  return std::unique_ptr<Wire>(new TapWire(interface_name, std::move(tap)));
}

TapWire::TapWire(std::string interface_name, FileDescriptor tap)
    : interface_name_(std::move(interface_name)), tap_(std::move(tap)), buffer_(kMaxFrameBytes) {}

absl::Status TapWire::Receive(size_t max_frames, std::vector<Frame>& frames) {
  while (max_frames > 0) {
    const ssize_t count = read(tap_.get(), buffer_.data(), buffer_.size());
    if (count <= 0) {
      if (count == 0 || errno == EAGAIN || errno == EINTR) break;
      return InterfaceError(interface_name_, "cannot be read", errno);
    }
    frames.push_back({std::vector<uint8_t>(buffer_.begin(), buffer_.begin() + count)});
    --max_frames;
  }
  return absl::OkStatus();
}

absl::Status TapWire::Send(absl::Span<const Frame> frames) {
  for (const Frame& frame : frames) {
    // A frame the stack does not take (queue full, interface down) is lost, as on a cable.
    if (write(tap_.get(), frame.bytes.data(), frame.bytes.size()) < 0 && errno == EBADFD) {
      return InterfaceError(interface_name_, "is gone", errno);
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman
