#include "host/apiserver/reflector.h"

#include <algorithm>
#include <utility>

namespace pointsman::kube {
namespace {

// The version asked for is of the past the server keeps no more, or of a future it may never see
// (it was restored from a backup, or is another one): only a new list helps.
bool IsVersionLost(const ApiFailure& failure) {
  return failure.code == 410 || failure.reason == "Expired" || failure.reason == "Gone" ||
         failure.message.find("Too large resource version") != std::string::npos;
}

// What servers before streaming lists, or with that switched off, answer to one.
bool IsUnknownRequest(const ApiFailure& failure) {
  return failure.code == 400 || failure.code == 404 || failure.code == 422;
}

}  // namespace

Reflector::Reflector(Resource resource, const ReflectorTiming& timing, uint32_t seed,
                     ObjectSet& objects)
    : resource_(std::move(resource)),
      timing_(timing),
      random_(seed),
      collection_(resource_.kind, objects) {}

std::optional<ApiRequest> Reflector::Next(absl::Time now) {
  if (phase_ != Phase::kWaiting || now < due_) return std::nullopt;
  started_ = heard_ = now;
  answered_ = false;
  if (!resource_version_.empty()) {
    phase_ = Phase::kWatch;
    return ApiRequest{WatchTarget(resource_, resource_version_, WatchTimeoutSeconds()), true};
  }
  if (streaming_) {
    phase_ = Phase::kInitialEvents;
    return ApiRequest{InitialEventsTarget(resource_, WatchTimeoutSeconds()), true};
  }
  phase_ = Phase::kList;
  return ApiRequest{ListTarget(resource_, newest_ ? "" : "0", continue_token_, paged_), false};
}

absl::Time Reflector::due() const {
  if (phase_ == Phase::kWaiting) return due_;
  const absl::Time quiet = heard_ + Quiet();
  return phase_ == Phase::kList ? std::min(quiet, started_ + timing_.list_total) : quiet;
}

absl::Duration Reflector::Quiet() const {
  if (phase_ == Phase::kWatch) return timing_.watch_quiet;
  const bool streams = phase_ == Phase::kInitialEvents && answered_;
  return streams ? timing_.initial_events_quiet : timing_.list_quiet;
}

void Reflector::Heard(absl::Time now) {
  heard_ = now;
  answered_ = true;
}

void Reflector::TakePage(ListPage page, absl::Time now) {
  collection_.AddToList(std::move(page.decoded));
  continue_token_ = page.continue_token;
  phase_ = Phase::kWaiting;
  due_ = now;
  if (continue_token_.empty()) EndList(page.resource_version);
}

bool Reflector::TakeEvent(WatchEvent event, absl::Time now) {
  Heard(now);
  if (event.type == WatchEventType::kError) {
    Fail({event.status.code, event.status.reason, event.status.message,
          absl::Seconds(event.status.retry_after_seconds)},
         now);
    return false;
  }
  if (phase_ == Phase::kInitialEvents) return TakeInitialEvent(std::move(event), now);
  Advance(event.resource_version);
  if (event.type == WatchEventType::kBookmark) {
    collection_.ForgetDeleted();
  } else {
    collection_.Apply(std::move(event));
  }
  return true;
}

bool Reflector::TakeInitialEvent(WatchEvent event, absl::Time now) {
  if (event.type == WatchEventType::kDeleted) {
    collection_.RemoveFromList(event.decoded);
  } else if (event.type != WatchEventType::kBookmark) {
    collection_.AddToList(std::move(event.decoded));
  } else if (event.initial_events_end) {
    EndList(event.resource_version);
    phase_ = Phase::kWatch;
  } else {
    // A server that knows streaming lists sends no other bookmark first.
    ListInstead(now);
    return false;
  }
  return true;
}

void Reflector::End(absl::Time now) {
  if (phase_ == Phase::kWatch && now - started_ >= timing_.good_watch) {
    phase_ = Phase::kWaiting;
    failures_ = 0;
    due_ = now;
  } else {
    Fail({}, now);
  }
}

bool Reflector::Fail(const ApiFailure& failure, absl::Time now) {
  if (phase_ == Phase::kWatch && now - started_ >= timing_.good_watch) failures_ = 0;
  if (phase_ != Phase::kInitialEvents && IsAbsent(failure)) {
    TakeAbsence(now);
    return failure.code != 404;
  }
  if (IsVersionLost(failure)) {
    StartOver();
  } else if (phase_ == Phase::kInitialEvents) {
    if (IsUnknownRequest(failure)) {
      ListInstead(now);
      return false;
    }
    collection_.DropList();
  }
  phase_ = Phase::kWaiting;
  ++failures_;
  due_ = now + std::max(Backoff(), std::min(failure.retry_after, timing_.max_retry_after));
  return true;
}

void Reflector::GiveUp(absl::Time now) {
  if (phase_ == Phase::kInitialEvents && answered_) return ListInstead(now);
  Fail({}, now);
}

bool Reflector::IsAbsent(const ApiFailure& failure) const {
  return resource_.optional && (failure.code == 404 || failure.code == 403);
}

void Reflector::TakeAbsence(absl::Time now) {
  collection_.DropList();
  resource_version_.clear();
  phase_ = Phase::kWaiting;
  due_ = now;
  if (std::exchange(tried_older_, !tried_older_)) absent_ = true;
  std::swap(resource_.path, resource_.older_path);
  if (!tried_older_) due_ = now + timing_.absent_retry;
}

// Every page after the first stands for the state of the first. A server that forgets it between
// two pages is asked for everything at once.
void Reflector::StartOver() {
  if (!continue_token_.empty()) paged_ = false;
  collection_.DropList();
  continue_token_.clear();
  resource_version_.clear();
  newest_ = true;
  ++lists_in_vain_;
}

void Reflector::ListInstead(absl::Time now) {
  collection_.DropList();
  streaming_ = false;
  phase_ = Phase::kWaiting;
  due_ = now;
}

// A list alone does not end a row of failures: its version may be lost again at once.
void Reflector::EndList(const std::string& resource_version) {
  collection_.EndList();
  resource_version_ = resource_version;
  ++lists_;
  paged_ = true;
  failures_ = lists_in_vain_;
}

// Events of one server come in order; with numbers nothing is resumed before what was seen.
void Reflector::Advance(const std::string& resource_version) {
  const uint64_t next = VersionNumber(resource_version);
  if (resource_version.empty() || (next != 0 && next <= VersionNumber(resource_version_))) return;
  resource_version_ = resource_version;
  failures_ = 0;
  lists_in_vain_ = 0;
}

absl::Duration Reflector::Backoff() {
  absl::Duration delay = timing_.first_backoff;
  for (int i = 1; i < failures_ && delay < timing_.max_backoff; ++i) delay *= 2;
  std::uniform_real_distribution<double> jitter(0.5, 1.0);
  return std::min(delay, timing_.max_backoff) * jitter(random_);
}

int Reflector::WatchTimeoutSeconds() {
  const int least = static_cast<int>(absl::ToInt64Seconds(timing_.watch_timeout));
  return std::uniform_int_distribution<int>(least, 2 * least)(random_);
}

}  // namespace pointsman::kube
