#include "host/dns/socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pointsman::dns {
namespace {

// Moves all of `size` bytes by `move` (recv or send).
template <typename Byte, typename Move>
bool MoveAll(int fd, Byte* bytes, size_t size, short events, Deadline deadline, Move move) {
  size_t moved = 0;
  while (moved < size) {
    if (!WaitFor(fd, events, deadline)) return false;
    const ssize_t count = move(fd, bytes + moved, size - moved);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return false;
    moved += static_cast<size_t>(count);
  }
  return true;
}

bool ReadAll(int fd, uint8_t* bytes, size_t size, Deadline deadline) {
  return MoveAll(fd, bytes, size, POLLIN, deadline,
                 [](int from, uint8_t* to, size_t room) { return recv(from, to, room, 0); });
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

SocketAddress MakeSocketAddress(const kube::IpAddress& address, uint16_t port) {
  SocketAddress out;
  const auto bytes = address.bytes();
  if (address.family() == kube::IpFamily::kIPv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

bool WaitFor(int fd, short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::optional<Message> ReadMessage(int fd, Deadline deadline) {
  uint8_t length[2];
  if (!ReadAll(fd, length, sizeof length, deadline)) return std::nullopt;
  Message message(static_cast<size_t>(length[0]) << 8 | length[1]);
  if (!ReadAll(fd, message.data(), message.size(), deadline)) return std::nullopt;
  return message;
}

bool WriteMessage(int fd, std::span<const uint8_t> message, Deadline deadline) {
  if (message.size() > kMaxMessageBytes) return false;
  Message framed = {static_cast<uint8_t>(message.size() >> 8),
                    static_cast<uint8_t>(message.size() & 0xff)};
  framed.insert(framed.end(), message.begin(), message.end());
  return MoveAll(
      fd, framed.data(), framed.size(), POLLOUT, deadline,
      [](int to, const uint8_t* from, size_t size) { return send(to, from, size, MSG_NOSIGNAL); });
}

}  // namespace pointsman::dns
