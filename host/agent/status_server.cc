#include "host/agent/status_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

namespace pointsman {
namespace {

constexpr int kAnswerSeconds = 2;

class HttpStatusServer : public StatusServer {
 public:
  explicit HttpStatusServer(std::string path) : path_(std::move(path)) {
    server_.set_address_family(AF_UNIX);
    server_.Get("/status", [this](const httplib::Request&, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      response.set_content(document_, "application/json");
    });
  }

  ~HttpStatusServer() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  absl::Status Start() {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
    std::filesystem::remove(path_, error);
    if (!server_.bind_to_port(path_, 80)) {  // the port means nothing on a Unix socket
      return absl::FailedPreconditionError(
          fmt::format("{}: the status socket cannot be made; choose another with --status", path_));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    return AwaitListening();
  }

  void Publish(std::string document) override {
    const std::lock_guard lock(mutex_);
    document_ = std::move(document);
  }

 private:
  // Until the thread listens, server_.stop() would have no effect.
  absl::Status AwaitListening() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kAnswerSeconds);
    while (!server_.is_running()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return absl::FailedPreconditionError(
            fmt::format("{}: the status socket did not listen within {} s", path_, kAnswerSeconds));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return absl::OkStatus();
  }

  const std::string path_;
  httplib::Server server_;
  std::mutex mutex_;
  std::string document_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StatusServer>> StatusServer::Open(const std::string& socket_path) {
  auto server = std::make_unique<HttpStatusServer>(socket_path);
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

absl::StatusOr<std::string> FetchStatus(const std::string& socket_path) {
  httplib::Client client(socket_path);
  client.set_address_family(AF_UNIX);
  client.set_connection_timeout(kAnswerSeconds);
  client.set_read_timeout(kAnswerSeconds);
  const httplib::Result result = client.Get("/status");
  if (!result || result->status != 200) {
    return absl::UnavailableError(
        fmt::format("{}: no agent answers there; is `pointsman agent` running?", socket_path));
  }
  return result->body;
}

}  // namespace pointsman
