#include "host/dns/upstream.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "absl/status/status.h"
#include "host/dns/socket.h"

namespace pointsman::dns {
namespace {

constexpr std::chrono::seconds kPatience(2);
constexpr size_t kNumberBytes = 2;  // of a message, its first bytes

absl::Status NoReply(const ServerAddress& server) {
  return absl::UnavailableError(
      fmt::format("no reply from {} port {}", server.address.ToString(), server.port));
}

absl::StatusOr<Message> AskByUdp(int fd, const ServerAddress& server,
                                 std::span<const uint8_t> query, Deadline deadline) {
  if (send(fd, query.data(), query.size(), MSG_NOSIGNAL) < 0) return NoReply(server);
  Message reply(kMaxMessageBytes);
  while (WaitFor(fd, POLLIN, deadline)) {
    const ssize_t size = recv(fd, reply.data(), reply.size(), 0);
    if (size < 0 && errno != EAGAIN && errno != EINTR) return NoReply(server);
    const bool is_ours = size >= static_cast<ssize_t>(kNumberBytes) &&
                         std::equal(query.begin(), query.begin() + kNumberBytes, reply.begin());
    if (!is_ours) continue;
    reply.resize(static_cast<size_t>(size));
    return reply;
  }
  return NoReply(server);
}

}  // namespace

absl::StatusOr<Message> Ask(const ServerAddress& server, std::span<const uint8_t> query,
                            Transport transport) {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  const SocketAddress to = MakeSocketAddress(server.address, server.port);
  const int kind = transport == Transport::kUdp ? SOCK_DGRAM : SOCK_STREAM;
  const Socket socket(::socket(to.storage.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.ok() || query.size() < kNumberBytes) return NoReply(server);
  // A connected UDP socket takes datagrams from this server alone.
  if (connect(socket.fd(), to.get(), to.length) < 0 && errno != EINPROGRESS) {
    return NoReply(server);
  }
  if (transport == Transport::kUdp) return AskByUdp(socket.fd(), server, query, deadline);
  if (!WriteMessage(socket.fd(), query, deadline)) return NoReply(server);
  std::optional<Message> reply = ReadMessage(socket.fd(), deadline);
  if (!reply) return NoReply(server);
  return *std::move(reply);
}

}  // namespace pointsman::dns
