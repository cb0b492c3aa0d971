// The program's side of a `unix:PATH` wire.
#ifndef POINTSMAN_TESTS_SIM_CARD_PORT_LISTENER_H_
#define POINTSMAN_TESTS_SIM_CARD_PORT_LISTENER_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "sim/card/file_descriptor.h"
#include "sim/card/frame.h"

namespace pointsman {

inline constexpr int kPortDeadlineMs = 10'000;

class PortListener {
 public:
  explicit PortListener(const std::string& name)
      : path_("/tmp/" + name + "." + std::to_string(getpid())),
        socket_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    unlink(path_.c_str());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(socket_.get(), 1) != 0) {
      socket_ = FileDescriptor();
    }
  }
  ~PortListener() { unlink(path_.c_str()); }
  PortListener(const PortListener&) = delete;
  PortListener& operator=(const PortListener&) = delete;

  const std::string& path() const { return path_; }

  // Invalid when no card has connected by the deadline.
  FileDescriptor Accept() {
    pollfd event = {socket_.get(), POLLIN, 0};
    if (poll(&event, 1, kPortDeadlineMs) != 1) return FileDescriptor();
    return FileDescriptor(accept(socket_.get(), nullptr, nullptr));
  }

 private:
  std::string path_;
  FileDescriptor socket_;
};

inline bool SendFrame(const FileDescriptor& port, const std::vector<uint8_t>& frame) {
  return send(port.get(), frame.data(), frame.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(frame.size());
}

// Empty when nothing comes by the deadline.
inline std::vector<uint8_t> TakeFrame(const FileDescriptor& port) {
  pollfd event = {port.get(), POLLIN, 0};
  if (poll(&event, 1, kPortDeadlineMs) != 1) return {};
  std::vector<uint8_t> frame(kMaxFrameBytes);
  const ssize_t count = recv(port.get(), frame.data(), frame.size(), 0);
  frame.resize(count > 0 ? count : 0);
  return frame;
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SIM_CARD_PORT_LISTENER_H_
