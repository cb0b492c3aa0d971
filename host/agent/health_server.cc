#include "host/agent/health_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "host/agent/http_listener.h"

namespace pointsman {
namespace {

constexpr char kNotFoundBody[] = R"({"paths": ["/healthz", "/livez"]})";

class HttpHealthServer : public HealthServer {
 public:
  explicit HttpHealthServer(const HealthServerOptions& options)
      : now_(options.now), proxy_(options.stale_after) {}

  absl::Status Start(const HealthServerOptions& options) {
    auto listener =
        HttpListener::Open(options.address, options.port,
                           [this](const std::string& path) { return AnswerOfProxy(path); });
    if (!listener.ok()) return listener.status();
    proxy_listener_ = *std::move(listener);
    return absl::OkStatus();
  }

  std::vector<kube::Problem> Update(const std::vector<HealthCheckPort>& ports,
                                    bool node_eligible) override {
    const std::lock_guard updating(update_mutex_);
    std::map<Key, Opened> kept = KeepOpen(ports, node_eligible);
    opened_.swap(kept);
    kept.clear();  // closes, before others open what may be the same port
    std::vector<kube::Problem> problems;
    for (const HealthCheckPort& port : ports) {
      if (opened_.contains(KeyOf(port))) continue;
      if (absl::Status status = OpenPort(port); !status.ok()) {
        problems.push_back({.origin = {},
                            .object = port.service.ToString(),
                            .field = "spec.healthCheckNodePort",
                            .message = std::string(status.message())});
      }
    }
    return problems;
  }

  void Queued(kube::IpFamily family) override {
    const std::lock_guard lock(mutex_);
    proxy_.Queued(family, now_());
  }

  void Synced(kube::IpFamily family) override {
    const std::lock_guard lock(mutex_);
    proxy_.Synced(family, now_());
  }

  uint16_t port() const override { return proxy_listener_->port(); }

 private:
  // What makes it another port; the count does not.
  using Key = std::tuple<kube::ObjectKey, uint16_t, std::vector<kube::IpAddress>>;
  using Opened = std::vector<std::unique_ptr<HttpListener>>;  // by address

  static Key KeyOf(const HealthCheckPort& port) {
    return {port.service, port.port, port.addresses};
  }

  // Takes in the new state. Moves out of opened_ what stays.
  std::map<Key, Opened> KeepOpen(const std::vector<HealthCheckPort>& ports, bool node_eligible) {
    std::map<Key, Opened> kept;
    const std::lock_guard lock(mutex_);
    node_eligible_ = node_eligible;
    wanted_.clear();
    for (const HealthCheckPort& port : ports) {
      const Key key = KeyOf(port);
      wanted_.insert_or_assign(key, port);
      if (auto node = opened_.extract(key)) kept.insert(std::move(node));
    }
    return kept;
  }

  absl::Status OpenPort(const HealthCheckPort& port) {
    const Key key = KeyOf(port);
    Opened opened;
    for (const kube::IpAddress& address : port.addresses) {
      auto listener = HttpListener::Open(address, port.port,
                                         [this, key](const std::string&) { return Answer(key); });
      if (!listener.ok()) return listener.status();
      opened.push_back(*std::move(listener));
    }
    opened_.emplace(key, std::move(opened));
    return absl::OkStatus();
  }

  HealthAnswer Answer(const Key& key) {
    const std::lock_guard lock(mutex_);
    const bool proxy_healthy = proxy_.IsHealthy(now_());
    const auto port = wanted_.find(key);
    if (port != wanted_.end()) return AnswerFor(port->second, proxy_healthy);
    HealthCheckPort about_to_be_closed;
    about_to_be_closed.service = std::get<kube::ObjectKey>(key);
    return AnswerFor(about_to_be_closed, proxy_healthy);
  }

  HealthAnswer AnswerOfProxy(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (path == "/healthz") return proxy_.Answer(now_(), node_eligible_);
    if (path == "/livez") return proxy_.Answer(now_(), std::nullopt);
    return {.status = 404, .headers = {}, .body = kNotFoundBody};
  }

  const std::function<absl::Time()> now_;

  std::mutex mutex_;
  ProxyHealth proxy_;                      // guarded by mutex_
  bool node_eligible_ = true;              // guarded by mutex_
  std::map<Key, HealthCheckPort> wanted_;  // guarded by mutex_

  // Never locked by a thread that answers: closing waits for those.
  std::mutex update_mutex_;
  std::map<Key, Opened> opened_;  // guarded by update_mutex_
  std::unique_ptr<HttpListener> proxy_listener_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HealthServer>> HealthServer::Open(
    const HealthServerOptions& options) {
  auto server = std::make_unique<HttpHealthServer>(options);
  if (absl::Status status = server->Start(options); !status.ok()) return status;
  return server;
}

}  // namespace pointsman
