#include "tests/support/api_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

namespace pointsman::test {
namespace {

constexpr int kWorkers = 24;
constexpr std::chrono::milliseconds kTick(2);
constexpr std::chrono::seconds kSilence(600);
constexpr char kStreamType[] = "application/json;stream=watch";  // which httplib does not compress

std::string StatusJson(int code, const std::string& reason, const std::string& message) {
  return nlohmann::json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
                        {"code", code},     {"reason", reason},   {"message", message}}
      .dump();
}

std::string KindOf(const std::string& collection) {
  if (collection.ends_with("/services")) return "Service";
  if (collection.ends_with("/nodes")) return "Node";
  if (collection.ends_with("/servicecidrs")) return "ServiceCIDR";
  return "EndpointSlice";
}

std::string BookmarkJson(const std::string& kind, uint64_t version, bool initial_events_end) {
  return fmt::format(
      R"({{"type":"BOOKMARK","object":{{"kind":"{}","metadata":{{"resourceVersion":"{}"{}}}}}}})",
      kind, version,
      initial_events_end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "");
}

void Answer(httplib::Response& response, int code, const std::string& body) {
  response.status = code;
  response.set_content(body, "application/json");
}

}  // namespace

class ApiServer::Impl {
 public:
  Impl(ApiStore& store, ApiServerOptions options) : store_(store), options_(std::move(options)) {}
  ~Impl() { Stop(); }

  void Start() {
    if (options_.certificate.empty()) {
      server_ = std::make_unique<httplib::Server>();
    } else {
      const bool asks = !options_.client_authority.empty();
      server_ =
          std::make_unique<httplib::SSLServer>(options_.certificate.c_str(), options_.key.c_str(),
                                               asks ? options_.client_authority.c_str() : nullptr);
    }
    server_->new_task_queue = [] { return new httplib::ThreadPool(kWorkers); };
    server_->set_tcp_nodelay(true);
    server_->set_keep_alive_timeout(1);
    server_->Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      Serve(request, response);
    });
    server_->set_logger([this](const httplib::Request&, const httplib::Response& response) {
      if (response.get_header_value("Content-Encoding") == "gzip") ++gzipped_;
    });
    stopping_ = false;
    const bool bound = port_ == 0 ? (port_ = server_->bind_to_any_port("127.0.0.1")) > 0
                                  : server_->bind_to_port("127.0.0.1", port_);
    if (!bound) ADD_FAILURE() << "port " << port_ << " cannot be listened on";
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(kTick);
  }

  void Stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  int port() const { return port_; }
  bool is_tls() const { return !options_.certificate.empty(); }

  void SetFaults(const ApiFaults& faults) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
  }
  void CutStreams() { ++cut_; }
  std::vector<std::string> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  size_t gzipped() const { return gzipped_; }

 private:
  // Whether a fault that happens so often happens now.
  bool Happens(int ApiFaults::*fault) {
    const std::lock_guard lock(mutex_);
    if (faults_.*fault == 0) return false;
    --(faults_.*fault);
    return true;
  }
  ApiFaults faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }

  void Serve(const httplib::Request& request, httplib::Response& response) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request.target);
    }
    if (!options_.service_cidrs && request.path.ends_with("/servicecidrs")) {
      return Answer(response, 404, "404 page not found");
    }
    if (Happens(&ApiFaults::silent_requests)) WaitForCut(kSilence);
    if (Happens(&ApiFaults::refuse)) return Refuse(response);
    const std::string authorization = request.get_header_value("Authorization");
    if (!options_.token.empty() && authorization != "Bearer " + options_.token) {
      // A server that tells what it should not.
      return Answer(response, 401, StatusJson(401, "Unauthorized", "no: " + authorization));
    }
    if (request.get_param_value("watch") == "true") return Watch(request, response);
    List(request, response);
  }

  void Refuse(httplib::Response& response) {
    const ApiFaults now = faults();
    if (now.retry_after_seconds != 0) {
      response.set_header("Retry-After", std::to_string(now.retry_after_seconds));
    }
    Answer(response, now.refuse_code, StatusJson(now.refuse_code, "Refused", now.refuse_message));
  }

  void List(const httplib::Request& request, httplib::Response& response) {
    std::string from = request.get_param_value("continue");
    uint64_t version = 0;
    if (!from.empty()) {
      if (Happens(&ApiFaults::expire_continue)) {
        return Answer(response, 410, StatusJson(410, "Expired", "the continue token has expired"));
      }
      version = std::stoull(from);
      from = from.substr(from.find(':') + 1);
    }
    const std::string limit = request.get_param_value("limit");
    const StoredList list =
        store_.List(request.path, request.get_param_value("labelSelector"),
                    limit.empty() ? 0 : static_cast<size_t>(std::stoul(limit)), from);
    if (version == 0) version = list.version;
    std::string body = fmt::format(
        R"({{"kind":"{}List","apiVersion":"v1","metadata":{{"resourceVersion":"{}","continue":"{}"}},)"
        R"("items":[)",
        KindOf(request.path), version,
        list.next.empty() ? "" : fmt::format("{}:{}", version, list.next));
    for (size_t i = 0; i < list.items.size(); ++i) body += (i == 0 ? "" : ",") + list.items[i];
    body += "]}";
    if (Happens(&ApiFaults::truncate_lists)) body.resize(body.size() / 2);
    Answer(response, 200, body);
  }

  // A stream's place in the store.
  struct Place {
    std::string collection;
    std::string selector;
    uint64_t version = 0;
    bool bookmarks = false;
    std::chrono::steady_clock::time_point end;
    std::chrono::steady_clock::time_point bookmark;
    int cut = 0;
    std::string waiting;  // text that is to be sent
    bool ends = false;    // after that
    bool whole = false;   // it must not be cut in two
  };

  void Watch(const httplib::Request& request, httplib::Response& response) {
    const bool initial = request.get_param_value("sendInitialEvents") == "true";
    const std::string version = request.get_param_value("resourceVersion");
    if (initial && options_.streaming_lists == StreamingLists::kRefused) {
      return Answer(response, 422,
                    StatusJson(422, "Invalid", "sendInitialEvents is forbidden for watch"));
    }
    auto place = std::make_shared<Place>();
    const auto now = std::chrono::steady_clock::now();
    *place = {request.path,
              request.get_param_value("labelSelector"),
              version.empty() ? 0 : std::stoull(version),
              options_.bookmarks && request.get_param_value("allowWatchBookmarks") == "true",
              now + std::chrono::seconds(std::stol(request.get_param_value("timeoutSeconds"))),
              now + options_.bookmark_period,
              cut_,
              "",
              false};
    if (initial) AddInitialEvents(*place);
    if (Happens(&ApiFaults::error_events)) {
      place->waiting = ErrorEvent();
      place->ends = true;
    }
    const bool silent = Happens(&ApiFaults::silent_streams);
    response.set_chunked_content_provider(kStreamType,
                                          [this, place, silent](size_t, httplib::DataSink& sink) {
                                            if (silent) WaitForCut(kSilence);
                                            return Stream(*place, sink);
                                          });
  }

  void AddInitialEvents(Place& place) {
    const StoredList list = store_.List(place.collection, place.selector, 0, "");
    for (const std::string& item : list.items) AddEvent(place, {"ADDED", item});
    place.version = list.version;
    if (options_.streaming_lists == StreamingLists::kKnown) {
      place.waiting += BookmarkJson(KindOf(place.collection), list.version, true) + "\n";
    }
  }

  static std::string ErrorEvent() {
    return R"({"type":"ERROR","object":)" + StatusJson(410, "Expired", "too old resource version") +
           "}\n";
  }

  void AddEvent(Place& place, const StoredEvent& event) {
    const std::string line =
        fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", event.type, event.json);
    if (!place.whole && Happens(&ApiFaults::truncate_events)) {
      place.waiting += line.substr(0, line.size() / 2);
      place.ends = true;
    }
    if (place.ends) return;
    place.waiting += line;
    if (faults().repeat_events) place.waiting += line;
  }

  void AddNews(Place& place) {
    std::optional<StoredEvents> news =
        store_.EventsAfter(place.collection, place.selector, place.version);
    if (!news) {
      place.waiting += ErrorEvent();
      place.ends = true;
      return;
    }
    // What is out of order comes whole: who resumes after the later of two misses the earlier.
    place.whole = faults().swap_events;
    if (place.whole) SwapNeighbours(news->events);
    for (const StoredEvent& event : news->events) AddEvent(place, event);
    place.version = news->version;
    const auto now = std::chrono::steady_clock::now();
    if (!place.ends && place.bookmarks && now >= place.bookmark) {
      place.bookmark = now + options_.bookmark_period;
      place.waiting += BookmarkJson(KindOf(place.collection), place.version, false) + "\n";
    }
  }

  static void SwapNeighbours(std::vector<StoredEvent>& events) {
    const auto key = [](const StoredEvent& event) {
      const auto metadata = nlohmann::json::parse(event.json).at("metadata");
      return metadata.value("namespace", "") + "/" + metadata.value("name", "");
    };
    for (size_t i = 0; i + 1 < events.size(); i += 2) {
      if (key(events[i]) != key(events[i + 1])) std::swap(events[i], events[i + 1]);
    }
  }

  // One step of a stream. False: the connection is cut.
  bool Stream(Place& place, httplib::DataSink& sink) {
    if (stopping_ || cut_ != place.cut || !sink.is_writable()) return false;
    if (place.waiting.empty() && !place.ends) AddNews(place);
    if (place.waiting.empty()) {
      if (place.ends || std::chrono::steady_clock::now() >= place.end) {
        sink.done();
        return true;
      }
      std::this_thread::sleep_for(kTick);
      return true;
    }
    const auto pause = faults().pause_of_streams;
    std::string piece = std::exchange(place.waiting, "");
    if (pause.count() != 0 && piece.size() > kSlowPiece && !place.whole) {
      place.waiting = piece.substr(kSlowPiece);
      piece.resize(kSlowPiece);
    }
    std::this_thread::sleep_for(pause);
    return sink.write(piece.data(), piece.size());
  }

  void WaitForCut(std::chrono::milliseconds at_most) {
    const int cut = cut_;
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!stopping_ && cut_ == cut && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kTick);
    }
  }

  static constexpr size_t kSlowPiece = 100;

  ApiStore& store_;
  const ApiServerOptions options_;
  std::unique_ptr<httplib::Server> server_;
  std::thread thread_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> cut_ = 0;
  std::atomic<size_t> gzipped_ = 0;
  mutable std::mutex mutex_;
  ApiFaults faults_;
  std::vector<std::string> requests_;
};

ApiServer::ApiServer(ApiStore& store, ApiServerOptions options)
    : impl_(std::make_unique<Impl>(store, std::move(options))) {
  impl_->Start();
}
ApiServer::~ApiServer() = default;
uint16_t ApiServer::port() const { return static_cast<uint16_t>(impl_->port()); }
std::string ApiServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", impl_->is_tls() ? "https" : "http", port());
}
void ApiServer::SetFaults(const ApiFaults& faults) { impl_->SetFaults(faults); }
void ApiServer::CutStreams() { impl_->CutStreams(); }
void ApiServer::Stop() { impl_->Stop(); }
void ApiServer::Start() { impl_->Start(); }
std::vector<std::string> ApiServer::Requests() const { return impl_->Requests(); }
size_t ApiServer::gzipped_answers() const { return impl_->gzipped(); }

}  // namespace pointsman::test
