#include "host/agent/status_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

namespace pointsman {
namespace {

constexpr int kStartSeconds = 2;
constexpr int kDocumentSeconds = 2;
constexpr int kAnswerSeconds = 3;  // more than a document takes

class HttpStatusServer : public StatusServer {
 public:
  explicit HttpStatusServer(std::string path) : path_(std::move(path)) {
    server_.set_address_family(AF_UNIX);
    server_.Get("/status",
                [this](const httplib::Request&, httplib::Response& response) { Answer(response); });
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

  bool wanted() const override {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
  }

  void Publish(std::string document) override {
    {
      const std::lock_guard lock(mutex_);
      document_ = std::move(document);
      waiting_ = 0;
      ++documents_;
    }
    published_.notify_all();
  }

 private:
  void Answer(httplib::Response& response) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const uint64_t last = documents_;
    if (published_.wait_for(lock, std::chrono::seconds(kDocumentSeconds),
                            [&] { return documents_ != last; })) {
      response.set_content(document_, "application/json");
    } else {
      response.status = 503;
    }
  }

  // Until the thread listens, server_.stop() would have no effect.
  absl::Status AwaitListening() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kStartSeconds);
    while (!server_.is_running()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return absl::FailedPreconditionError(
            fmt::format("{}: the status socket did not listen within {} s", path_, kStartSeconds));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return absl::OkStatus();
  }

  const std::string path_;
  httplib::Server server_;
  mutable std::mutex mutex_;
  std::condition_variable published_;
  std::string document_;    // guarded by mutex_
  uint64_t documents_ = 0;  // guarded by mutex_: up to now
  int waiting_ = 0;         // guarded by mutex_: for the next one
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
