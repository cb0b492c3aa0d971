#include "host/dns/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "host/dns/socket.h"
#include "host/dns/workers.h"

namespace pointsman::dns {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kWorkers = 16;
constexpr size_t kWaitingMax = 1024;
constexpr int kBacklog = 128;
constexpr int kFreePortAttempts = 16;
constexpr std::chrono::milliseconds kLook(100);  // whether to stop
constexpr std::chrono::seconds kPatience(5);

absl::Status Failed(const ServerAddress& at, const char* what) {
  return absl::FailedPreconditionError(fmt::format(
      "DNS on {} port {}: {}: {}", at.address.ToString(), at.port, what, std::strerror(errno)));
}

absl::StatusOr<Socket> Listen(const ServerAddress& at, int kind) {
  const SocketAddress address = MakeSocketAddress(at.address, at.port);
  Socket socket(::socket(address.storage.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.ok()) return Failed(at, "socket");
  const int on = 1;
  if (kind == SOCK_STREAM) setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket.fd(), address.get(), address.length) < 0) return Failed(at, "bind");
  if (kind == SOCK_STREAM && listen(socket.fd(), kBacklog) < 0) return Failed(at, "listen");
  return socket;
}

uint16_t PortOf(const Socket& socket) {
  SocketAddress own;
  own.length = sizeof own.storage;
  getsockname(socket.fd(), own.get(), &own.length);
  const auto* in4 = reinterpret_cast<const sockaddr_in*>(&own.storage);
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&own.storage);
  return ntohs(own.storage.ss_family == AF_INET ? in4->sin_port : in6->sin6_port);
}

class SocketServer : public Server {
 public:
  explicit SocketServer(const ServerOptions& options)
      : listen_(options.listen), upstream_(options.upstream), workers_(kWorkers, kWaitingMax) {}

  ~SocketServer() override {
    stop_ = true;
    for (std::thread* thread : {&udp_thread_, &tcp_thread_}) {
      if (thread->joinable()) thread->join();
    }
  }

  absl::Status Start() {
    absl::Status bound = Bind();
    // A port that is free for one kind of socket may be taken for the other.
    for (int i = 1; !bound.ok() && listen_.port == 0 && i < kFreePortAttempts; ++i) bound = Bind();
    if (!bound.ok()) return bound;
    udp_thread_ = std::thread([this] { ServeUdp(); });
    tcp_thread_ = std::thread([this] { ServeTcp(); });
    return absl::OkStatus();
  }

  void Update(std::shared_ptr<const Zone> zone) override {
    const std::lock_guard lock(mutex_);
    zone_ = std::move(zone);
  }

  uint16_t port() const override { return PortOf(tcp_); }

 private:
  absl::Status Bind() {
    absl::StatusOr<Socket> tcp = Listen(listen_, SOCK_STREAM);
    if (!tcp.ok()) return tcp.status();
    absl::StatusOr<Socket> udp = Listen({listen_.address, PortOf(*tcp)}, SOCK_DGRAM);
    if (!udp.ok()) return udp.status();
    tcp_ = *std::move(tcp);
    udp_ = *std::move(udp);
    return absl::OkStatus();
  }

  Reply AnswerFromZone(const Message& query, Transport transport) {
    std::shared_ptr<const Zone> zone;
    {
      const std::lock_guard lock(mutex_);
      zone = zone_;
    }
    if (zone == nullptr) return {.message = ServerFailure(query)};
    return Answer(*zone, query, transport);
  }

  Message AskUpstream(const Message& query, Transport transport) const {
    absl::StatusOr<Message> reply = Ask(*upstream_, query, transport);
    return reply.ok() ? *std::move(reply) : ServerFailure(query);
  }

  void ServeUdp() {
    while (!stop_) {
      if (!WaitFor(udp_.fd(), POLLIN, Clock::now() + kLook)) continue;
      SocketAddress from;
      from.length = sizeof from.storage;
      Message query(kMaxMessageBytes);
      const ssize_t size =
          recvfrom(udp_.fd(), query.data(), query.size(), 0, from.get(), &from.length);
      if (size <= 0) continue;
      query.resize(static_cast<size_t>(size));
      const Reply reply = AnswerFromZone(query, Transport::kUdp);
      if (!reply.is_elsewhere || !upstream_) {
        SendTo(from, reply.message);
        continue;
      }
      workers_.Do([this, from, query = std::move(query)] {
        SendTo(from, AskUpstream(query, Transport::kUdp));
      });
    }
  }

  void SendTo(const SocketAddress& to, const Message& message) const {
    if (message.empty()) return;
    sendto(udp_.fd(), message.data(), message.size(), MSG_NOSIGNAL, to.get(), to.length);
  }

  void ServeTcp() {
    while (!stop_) {
      if (!WaitFor(tcp_.fd(), POLLIN, Clock::now() + kLook)) continue;
      auto connection = std::make_shared<Socket>(
          accept4(tcp_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!connection->ok()) continue;
      workers_.Do([this, connection] { ServeConnection(connection->fd()); });
    }
  }

  // As many queries as come, one after another.
  void ServeConnection(int fd) {
    const Clock::time_point deadline = Clock::now() + kPatience;
    while (!stop_) {
      const std::optional<Message> query = ReadMessage(fd, deadline);
      if (!query) return;
      Reply reply = AnswerFromZone(*query, Transport::kTcp);
      if (reply.is_elsewhere && upstream_) reply.message = AskUpstream(*query, Transport::kTcp);
      if (reply.message.empty() || !WriteMessage(fd, reply.message, deadline)) return;
    }
  }

  const ServerAddress listen_;
  const std::optional<ServerAddress> upstream_;
  Socket udp_;
  Socket tcp_;
  std::mutex mutex_;
  std::shared_ptr<const Zone> zone_;
  std::atomic<bool> stop_ = false;
  Workers workers_;  // ends before the sockets do
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Open(const ServerOptions& options) {
  auto server = std::make_unique<SocketServer>(options);
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

}  // namespace pointsman::dns
