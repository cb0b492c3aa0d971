#include "host/agent/http_listener.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace pointsman {
namespace {

constexpr int kWorkers = 2;
constexpr int kPatienceSeconds = 1;  // with a client that is slow to ask or to listen
constexpr int kBacklog = 128;
constexpr auto kStartDeadline = std::chrono::seconds(2);

struct SocketName {
  sockaddr_storage storage{};
  socklen_t size_bytes = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketName NameOf(const kube::IpAddress& address, uint16_t port) {
  SocketName name;
  const auto bytes = address.bytes();
  if (address.family() == kube::IpFamily::kIPv4) {
    auto* ipv4 = reinterpret_cast<sockaddr_in*>(&name.storage);
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(&ipv4->sin_addr));
    name.size_bytes = sizeof(*ipv4);
  } else {
    auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&name.storage);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    std::copy(bytes.begin(), bytes.end(), ipv6->sin6_addr.s6_addr);
    name.size_bytes = sizeof(*ipv6);
  }
  return name;
}

uint16_t PortOf(int socket) {
  SocketName name;
  name.size_bytes = sizeof(name.storage);
  if (getsockname(socket, name.get(), &name.size_bytes) != 0) return 0;
  return ntohs(name.storage.ss_family == AF_INET
                   ? reinterpret_cast<sockaddr_in*>(&name.storage)->sin_port
                   : reinterpret_cast<sockaddr_in6*>(&name.storage)->sin6_port);
}

// httplib's own sockets share a port that is taken, and IPv6 ones take IPv4 connections, too.
absl::StatusOr<int> Listen(const kube::IpAddress& address, uint16_t port) {
  SocketName name = NameOf(address, port);
  const int yes = 1;
  const int listener = socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool done =
      listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
      (name.storage.ss_family == AF_INET ||
       setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0) &&
      bind(listener, name.get(), name.size_bytes) == 0 && listen(listener, kBacklog) == 0;
  if (done) return listener;
  const absl::Status status = absl::FailedPreconditionError(fmt::format(
      "{} port {}: cannot be listened on: {}", address.ToString(), port, std::strerror(errno)));
  if (listener >= 0) close(listener);
  return status;
}

// A server on a socket that is given to it.
class SocketServer : public httplib::Server {
 public:
  void Take(int listener) { svr_sock_ = listener; }
};

class HttplibListener : public HttpListener {
 public:
  explicit HttplibListener(HttpAnswer answer) : answer_(std::move(answer)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kWorkers); };
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(kPatienceSeconds);
    server_.set_write_timeout(kPatienceSeconds);
    server_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          const HealthAnswer answer = answer_(request.path);
          response.status = answer.status;
          for (const auto& [name, value] : answer.headers) response.set_header(name, value);
          response.set_content(answer.body, answer.content_type);
          return httplib::Server::HandlerResponse::Handled;
        });
  }

  ~HttplibListener() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start(const kube::IpAddress& address, uint16_t port) {
    const absl::StatusOr<int> listener = Listen(address, port);
    if (!listener.ok()) return listener.status();
    port_ = PortOf(*listener);
    server_.Take(*listener);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    return AwaitListening(address.ToString());
  }

  uint16_t port() const override { return port_; }

 private:
  // Until the thread listens, server_.stop() would have no effect.
  absl::Status AwaitListening(const std::string& host) const {
    const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
    while (!server_.is_running()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return absl::FailedPreconditionError(
            fmt::format("{} port {}: did not listen in time", host, port_));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return absl::OkStatus();
  }

  const HttpAnswer answer_;
  SocketServer server_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Open(const kube::IpAddress& address,
                                                                 uint16_t port, HttpAnswer answer) {
  auto listener = std::make_unique<HttplibListener>(std::move(answer));
  if (absl::Status status = listener->Start(address, port); !status.ok()) return status;
  return listener;
}

}  // namespace pointsman
