#include "host/agent/status_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace pointsman {
namespace {

constexpr int kStartSeconds = 2;
constexpr int kAnswerSeconds = 1;  // besides

struct Asked {
  const char* path;
  int seconds;  // at most, until there is a document
};
constexpr std::array<Asked, 4> kAsked = {
    {{"/status", 2}, {"/audit", 60}, {"/rows", 60}, {"/trace", 2}}};  // by AgentDocument
const Asked& Of(AgentDocument question) { return kAsked.at(static_cast<size_t>(question)); }

class HttpStatusServer : public StatusServer {
 public:
  explicit HttpStatusServer(std::string path) : path_(std::move(path)) {
    server_.set_address_family(AF_UNIX);
    for (const AgentDocument question : {AgentDocument::kStatus, AgentDocument::kAudit,
                                         AgentDocument::kRows, AgentDocument::kTraces}) {
      server_.Get(Of(question).path,
                  [this, question](const httplib::Request& request, httplib::Response& response) {
                    Answer(question, request.get_param_value("of"), response);
                  });
    }
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

  bool wanted(AgentDocument question) const override {
    const std::lock_guard lock(mutex_);
    return next_.at(static_cast<size_t>(question)) != nullptr;
  }

  void Publish(AgentDocument question, std::string document) override {
    PublishAbout(question, [&](std::span<const std::string>) { return std::move(document); });
  }

  void PublishAbout(AgentDocument question,
                    absl::FunctionRef<std::string(std::span<const std::string>)> make) override {
    {
      const std::lock_guard lock(mutex_);
      const auto round = std::exchange(next_.at(static_cast<size_t>(question)), nullptr);
      if (round == nullptr) return;
      round->document = make(round->about);
    }
    published_.notify_all();
  }

 private:
  // Those who wait for one document. One who wakes late still finds this one, not the next.
  struct Round {
    std::vector<std::string> about;  // what each of them asks
    std::optional<std::string> document;
  };

  void Answer(AgentDocument question, const std::string& about, httplib::Response& response) {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Round>& next = next_.at(static_cast<size_t>(question));
    if (next == nullptr) next = std::make_shared<Round>();
    const std::shared_ptr<Round> round = next;
    round->about.push_back(about);
    if (published_.wait_for(lock, std::chrono::seconds(Of(question).seconds),
                            [&] { return round->document.has_value(); })) {
      response.set_content(*round->document, "application/json");
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
  // By AgentDocument; nullptr: nobody waits. They and what they point to are guarded by mutex_.
  std::array<std::shared_ptr<Round>, kAsked.size()> next_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StatusServer>> StatusServer::Open(const std::string& socket_path) {
  auto server = std::make_unique<HttpStatusServer>(socket_path);
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

absl::StatusOr<std::string> FetchDocument(const std::string& socket_path, AgentDocument question,
                                          const std::string& about) {
  httplib::Client client(socket_path);
  client.set_address_family(AF_UNIX);
  client.set_connection_timeout(kAnswerSeconds);
  client.set_read_timeout(kAnswerSeconds + Of(question).seconds);
  const httplib::Result result =
      client.Get(Of(question).path, httplib::Params{{"of", about}}, httplib::Headers{});
  if (!result || result->status != 200) {
    return absl::UnavailableError(
        fmt::format("{}: no agent answers there; is `pointsman agent` running?", socket_path));
  }
  return result->body;
}

}  // namespace pointsman
