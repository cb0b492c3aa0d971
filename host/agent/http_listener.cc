#include "host/agent/http_listener.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <thread>
#include <utility>

namespace pointsman {
namespace {

constexpr int kWorkers = 2;
constexpr int kPatienceSeconds = 1;  // with a client that is slow to ask or to listen
constexpr auto kStartDeadline = std::chrono::seconds(2);

// Without SO_REUSEPORT, httplib's own choice, a port that is taken is an error.
void SetSocketOptions(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));  // nothing to IPv4 sockets
}

class HttplibListener : public HttpListener {
 public:
  explicit HttplibListener(HttpAnswer answer) : answer_(std::move(answer)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kWorkers); };
    server_.set_socket_options(SetSocketOptions);
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(kPatienceSeconds);
    server_.set_write_timeout(kPatienceSeconds);
    server_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          const HealthAnswer answer = answer_(request.path);
          response.status = answer.status;
          for (const auto& [name, value] : answer.headers) response.set_header(name, value);
          response.set_content(answer.body, "application/json");
          return httplib::Server::HandlerResponse::Handled;
        });
  }

  ~HttplibListener() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start(const kube::IpAddress& address, uint16_t port) {
    const std::string host = address.ToString();
    port_ = port;
    bool bound = false;
    if (port == 0) {
      const int chosen = server_.bind_to_any_port(host);
      bound = chosen > 0;
      port_ = static_cast<uint16_t>(chosen);
    } else {
      bound = server_.bind_to_port(host, port);
    }
    if (!bound) {
      return absl::FailedPreconditionError(fmt::format(
          "{} port {}: cannot be listened on; is it taken, or not this node's?", host, port));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    return AwaitListening(host);
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
  httplib::Server server_;
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
