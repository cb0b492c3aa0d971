#include "host/apiserver/api_watcher.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "host/apiserver/credentials.h"
#include "host/apiserver/transfer.h"

namespace pointsman::kube {
namespace {

constexpr size_t kMaxListBytes = 1 << 30;
constexpr size_t kMaxEventBytes = 16 << 20;
constexpr int64_t kMaxWaitMs = 60'000;

// Time that nobody sets.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

ApiFailure Because(std::string message) {
  ApiFailure failure;
  failure.message = std::move(message);
  return failure;
}

// One kind: what is known of it and the request that runs.
struct Stream {
  Stream(Resource resource, const ReflectorTiming& timing, uint32_t seed, ObjectSet& objects)
      : reflector(std::move(resource), timing, seed, objects) {}

  Reflector reflector;
  ApiJsonReader reader;
  std::unique_ptr<Transfer> transfer;
  bool watch = false;    // the request that runs
  bool dropped = false;  // it is over, whatever comes of it
  std::string received;  // of a list: all of it; of a watch: an event that is not whole yet
  bool fresh_connection = false;
};

}  // namespace

class ApiWatcher::Impl {
 public:
  Impl(CURLM* multi, ServerConfig config, const std::string& proxy_name,
       const ReflectorTiming& timing, uint32_t seed)
      : multi_(multi), credentials_(std::move(config)) {
    for (const Kind kind : kFollowedKinds) {
      streams_.push_back(
          std::make_unique<Stream>(ResourceOf(kind, proxy_name), timing, seed++, objects_));
    }
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  }

  ~Impl() {
    streams_.clear();
    curl_multi_cleanup(multi_);
  }

  void Poll(absl::Duration at_most) {
    heard_ = false;
    const absl::Time until = SteadyNow() + at_most;
    Perform();
    if (!heard_) WaitUntil(until);
    Perform();
  }

  void Wake() { curl_multi_wakeup(multi_); }

  bool synced() const {
    return std::ranges::all_of(streams_, [](const auto& s) { return s->reflector.synced(); });
  }
  const ObjectSet& objects() const { return objects_; }
  std::vector<Problem> problems() const {
    std::vector<Problem> all;
    for (const auto& stream : streams_) {
      for (Problem& problem : stream->reflector.collection().problems()) {
        all.push_back(std::move(problem));
      }
    }
    return all;
  }

  ApiChanges TakeChanges() {
    ApiChanges changes;
    changes.any = std::exchange(was_synced_, synced()) != synced();
    for (const auto& stream : streams_) {
      changes.Append(stream->reflector.collection().TakeChanges());
    }
    return changes;
  }
  size_t TakeLists() {
    size_t lists = 0;
    for (const auto& stream : streams_) lists += stream->reflector.lists();
    return lists - std::exchange(lists_told_, lists);
  }
  std::vector<std::string> TakeErrors() { return std::exchange(errors_, {}); }

 private:
  void Perform() {
    for (const auto& stream : streams_) StartOrGiveUp(*stream);
    int running = 0;
    curl_multi_perform(multi_, &running);
    FinishTransfers();
  }

  void WaitUntil(absl::Time until) {
    for (const auto& stream : streams_) until = std::min(until, stream->reflector.due());
    // Rounded up, so that what is due is due afterwards.
    const int64_t left_ms =
        absl::ToInt64Milliseconds(until - SteadyNow() + absl::Microseconds(999));
    curl_multi_poll(multi_, nullptr, 0,
                    static_cast<int>(std::clamp<int64_t>(left_ms, 0, kMaxWaitMs)), nullptr);
  }

  void StartOrGiveUp(Stream& stream) {
    const absl::Time now = SteadyNow();
    if (stream.transfer == nullptr) {
      if (const auto request = stream.reflector.Next(now)) Start(stream, *request);
      return;
    }
    if (now < stream.reflector.due()) return;
    if (!stream.watch) Report(stream, "the server takes too long");
    stream.transfer.reset();
    stream.fresh_connection = true;
    stream.reflector.GiveUp(now);
  }

  void Start(Stream& stream, const ApiRequest& request) {
    stream.watch = request.watch;
    stream.dropped = false;
    stream.received.clear();
    const absl::StatusOr<Credentials> credentials = credentials_.Get(absl::Now());
    if (!credentials.ok()) {
      return Fail(stream, Because(std::string(credentials.status().message())));
    }
    stream.transfer = std::make_unique<Transfer>(
        multi_, credentials_.config(), *credentials, request.target,
        std::exchange(stream.fresh_connection, false),
        TransferCallbacks{[this, &stream] { Heard(stream); },
                          [this, &stream](std::string_view bytes) { return Take(stream, bytes); }});
  }

  void Heard(Stream& stream) {
    heard_ = true;
    stream.reflector.Heard(SteadyNow());
  }

  // False: no more is wanted.
  bool Take(Stream& stream, std::string_view bytes) {
    stream.received += bytes;
    if (!stream.watch) {
      if (stream.received.size() <= kMaxListBytes) return true;
      Drop(stream, "the list is too long");
      return false;
    }
    size_t begin = 0;
    for (size_t end; (end = stream.received.find('\n', begin)) != std::string::npos;) {
      const std::string_view line(stream.received.data() + begin, end - begin);
      if (!line.empty() && !TakeEvent(stream, line)) return false;
      begin = end + 1;
    }
    stream.received.erase(0, begin);
    if (stream.received.size() <= kMaxEventBytes) return true;
    Drop(stream, "an event is too long");
    return false;
  }

  bool TakeEvent(Stream& stream, std::string_view line) {
    absl::StatusOr<WatchEvent> event =
        stream.reader.ReadEvent(line, stream.reflector.resource().kind);
    if (!event.ok()) {
      Drop(stream, std::string(event.status().message()));
      return false;
    }
    if (event->type == WatchEventType::kError) {
      Report(stream, fmt::format("{} {}: {}", event->status.code, event->status.reason,
                                 event->status.message));
    }
    stream.dropped = !stream.reflector.TakeEvent(*std::move(event), SteadyNow());
    return !stream.dropped;
  }

  void Drop(Stream& stream, const std::string& why) {
    stream.dropped = true;
    Fail(stream, Because(why));
  }

  void Fail(Stream& stream, const ApiFailure& failure) {
    if (stream.reflector.Fail(failure, SteadyNow())) Report(stream, failure.message);
  }

  void Report(const Stream& stream, const std::string& what) {
    errors_.push_back(credentials_.Redacted(fmt::format("{}: {} {}: {}", credentials_.config().name,
                                                        stream.watch ? "watch" : "list",
                                                        stream.reflector.resource().name, what)));
  }

  void FinishTransfers() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto done = std::ranges::find_if(streams_, [message](const auto& stream) {
        return stream->transfer != nullptr && stream->transfer->handle() == message->easy_handle;
      });
      if (done != streams_.end()) Finish(**done, message->data.result);
    }
  }

  void Finish(Stream& stream, CURLcode result) {
    heard_ = true;
    const std::unique_ptr<Transfer> transfer = std::move(stream.transfer);
    if (stream.dropped) return;
    if (result != CURLE_OK) {
      stream.fresh_connection = true;
      Fail(stream, Because(transfer->Explain(result)));
    } else if (transfer->code() != 200) {
      Refuse(stream, *transfer);
    } else if (!stream.watch) {
      FinishList(stream);
    } else if (!stream.received.empty()) {
      Fail(stream, Because("the last event is cut off"));
    } else {
      stream.reflector.End(SteadyNow());
    }
  }

  void FinishList(Stream& stream) {
    absl::StatusOr<ListPage> page = stream.reader.ReadList(std::exchange(stream.received, {}),
                                                           stream.reflector.resource().kind);
    if (!page.ok()) return Fail(stream, Because(std::string(page.status().message())));
    stream.reflector.TakePage(*std::move(page), SteadyNow());
  }

  void Refuse(Stream& stream, const Transfer& transfer) {
    if (transfer.code() == 401) credentials_.Refused();
    const ApiStatus status = ReadStatus(transfer.refusal());
    const std::string message =
        fmt::format("HTTP {} {}: {}", transfer.code(), status.reason,
                    status.message.empty() ? "the answer says no more; is this an API server?"
                                           : status.message);
    Fail(stream, {.code = transfer.code(),
                  .reason = status.reason,
                  .message = message,
                  .retry_after =
                      std::max(transfer.retry_after(), absl::Seconds(status.retry_after_seconds))});
  }

  CURLM* const multi_;
  CredentialSource credentials_;
  ObjectSet objects_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::string> errors_;
  size_t lists_told_ = 0;
  bool was_synced_ = false;
  bool heard_ = false;  // in this Poll
};

absl::StatusOr<std::unique_ptr<ApiWatcher>> ApiWatcher::Open(ServerConfig config,
                                                             const std::string& proxy_name,
                                                             const ReflectorTiming& timing,
                                                             uint32_t seed) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return absl::InternalError("libcurl cannot be set up");
  }
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) return absl::InternalError("libcurl cannot be set up");
  return std::unique_ptr<ApiWatcher>(
      new ApiWatcher(std::make_unique<Impl>(multi, std::move(config), proxy_name, timing, seed)));
}

ApiWatcher::ApiWatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiWatcher::~ApiWatcher() = default;
void ApiWatcher::Poll(absl::Duration at_most) { impl_->Poll(at_most); }
void ApiWatcher::Wake() { impl_->Wake(); }
bool ApiWatcher::synced() const { return impl_->synced(); }
const ObjectSet& ApiWatcher::objects() const { return impl_->objects(); }
std::vector<Problem> ApiWatcher::problems() const { return impl_->problems(); }
size_t ApiWatcher::TakeLists() { return impl_->TakeLists(); }
ApiChanges ApiWatcher::TakeChanges() { return impl_->TakeChanges(); }
std::vector<std::string> ApiWatcher::TakeErrors() { return impl_->TakeErrors(); }

}  // namespace pointsman::kube
