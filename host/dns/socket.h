// What sockets of DNS have in common: addresses, deadlines, messages with a length before them (RFC
// 1035, 4.2.2). Thin.
#ifndef POINTSMAN_HOST_DNS_SOCKET_H_
#define POINTSMAN_HOST_DNS_SOCKET_H_

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "host/dns/message.h"
#include "host/kube/ip_address.h"

namespace pointsman::dns {

// Closes its descriptor.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();
  int fd() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress MakeSocketAddress(const kube::IpAddress& address, uint16_t port);

using Deadline = std::chrono::steady_clock::time_point;

// Whether the descriptor became ready for `events` (poll(2)) in time.
bool WaitFor(int fd, short events, Deadline deadline);

// A whole message from a stream, or all of one to it. Nothing, or false: it ended, failed or took
// too long. REQUIRES: the socket does not block.
std::optional<Message> ReadMessage(int fd, Deadline deadline);
bool WriteMessage(int fd, std::span<const uint8_t> message, Deadline deadline);

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_SOCKET_H_
