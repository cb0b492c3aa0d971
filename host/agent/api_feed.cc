#include "host/agent/api_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/time/clock.h"

namespace pointsman {
namespace {

constexpr absl::Duration kLookForStop = absl::Milliseconds(200);
constexpr absl::Duration kNetworkPeriod = absl::Seconds(10);
constexpr char kTriggerTimeAnnotation[] = "endpoints.kubernetes.io/last-change-trigger-time";

bool IsOfNode(const kube::ObjectKey& key) {
  return key.kind == kube::Kind::kNode || key.kind == kube::Kind::kServiceCidr;
}

// A slice that is gone says nothing of when that happened.
HeardChanges Heard(const std::set<kube::ObjectKey>& changed, const kube::ObjectSet& objects) {
  HeardChanges heard;
  for (const kube::ObjectKey& key : changed) {
    heard.services += key.kind == kube::Kind::kService ? 1 : 0;
    if (key.kind != kube::Kind::kEndpointSlice) continue;
    ++heard.endpoint_slices;
    const auto slice = objects.endpoint_slices.find(key);
    if (slice == objects.endpoint_slices.end()) continue;
    const auto& annotations = slice->second.metadata.annotations;
    const auto text = annotations.find(kTriggerTimeAnnotation);
    absl::Time time;
    std::string error;
    if (text != annotations.end() &&
        absl::ParseTime(absl::RFC3339_full, text->second, &time, &error)) {
      heard.triggered.push_back(time);
    }
  }
  return heard;
}

void AddServices(const ServedChange& change, absl::Time since, HeardChanges& heard) {
  for (const auto& [service, report] : change.services) {
    if (report) {
      heard.waiting.emplace(service, since);
    } else {
      heard.gone.insert(service);
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiFeed>> ApiFeed::Open(kube::ServerConfig config,
                                                       const std::string& node_name,
                                                       const NodeOverrides& overrides,
                                                       AgentMetrics& metrics, OnObjects on_objects,
                                                       const kube::ReflectorTiming& timing) {
  // Each node waits its own times.
  const uint32_t seed = std::random_device()();
  auto watcher =
      kube::ApiWatcher::Open(std::move(config), overrides.service_proxy_name, timing, seed);
  if (!watcher.ok()) return watcher.status();
  return std::unique_ptr<ApiFeed>(
      new ApiFeed(*std::move(watcher), node_name, overrides, metrics, std::move(on_objects)));
}

ApiFeed::ApiFeed(std::unique_ptr<kube::ApiWatcher> watcher, std::string node_name,
                 NodeOverrides overrides, AgentMetrics& metrics, OnObjects on_objects)
    : watcher_(std::move(watcher)),
      node_name_(std::move(node_name)),
      metrics_(metrics),
      on_objects_(std::move(on_objects)),
      overrides_(std::move(overrides)) {}

ApiFeed::~ApiFeed() {
  thread_.request_stop();
  watcher_->Wake();
}

void ApiFeed::Start(NetworkReader network) {
  network_ = std::move(network);
  thread_ = std::jthread([this](const std::stop_token& stop) { FollowUntil(stop); });
}

std::optional<NodeUpdate> ApiFeed::TakeNewest() {
  const std::lock_guard lock(mutex_);
  return std::exchange(newest_, std::nullopt);
}

// Making a state takes time with what has changed. It is followed by as long a rest, so that many
// changes become one update and at most half a processor goes into it.
void ApiFeed::FollowUntil(const std::stop_token& stop) {
  kube::ApiChanges changes;
  absl::Time heard_at = absl::InfiniteFuture();  // of the first of the changes
  absl::Time next = absl::InfinitePast();
  while (!stop.stop_requested()) {
    const absl::Time now = absl::Now();
    watcher_->Poll(changes.any ? std::clamp(next - now, absl::ZeroDuration(), kLookForStop)
                               : kLookForStop);
    TakeCounts();
    changes.Append(watcher_->TakeChanges());
    const absl::Time started = absl::Now();
    if (LookAtNetwork(started)) {
      changes.any = true;
      changes.objects.insert({kube::Kind::kNode, "", node_name_});
    }
    if (changes.any) heard_at = std::min(heard_at, started);
    if (!changes.any || !watcher_->synced() || started < next) continue;
    Publish(std::exchange(changes, {}), std::exchange(heard_at, absl::InfiniteFuture()));
    const absl::Time ended = absl::Now();
    next = ended + (ended - started);
  }
}

void ApiFeed::TakeCounts() {
  const std::vector<std::string> errors = watcher_->TakeErrors();
  for (const std::string& error : errors) spdlog::warn("{}", error);
  metrics_.ApiRequestsFailed(errors.size());
  metrics_.ApiListsTaken(watcher_->TakeLists());
}

bool ApiFeed::LookAtNetwork(absl::Time now) {
  if (network_ == nullptr || now < next_look_) return false;
  next_look_ = now + kNetworkPeriod;
  absl::StatusOr<NodeNetwork> network = network_();
  if (!network.ok()) {
    spdlog::warn("{}", std::string(network.status().message()));
    return false;
  }
  if (*network == overrides_.network) return false;
  overrides_.network = *std::move(network);
  return true;
}

void ApiFeed::Publish(kube::ApiChanges changes, absl::Time heard_at) {
  if (on_objects_) on_objects_(watcher_->objects());
  NodeUpdate update;
  const bool asks_for_node = !node_ || std::ranges::any_of(changes.objects, IsOfNode);
  if (asks_for_node && TakeNode()) {
    tracker_ = std::make_unique<ForwardingTracker>(watcher_->objects(), node_->facts);
    update.whole.emplace().facts = node_->facts;
    static_cast<ServedState&>(*update.whole) = tracker_->state();
  } else if (tracker_ == nullptr) {
    spdlog::warn("nothing is programmed yet: {}", node_problem_.front());
    return;
  } else {
    update.change = tracker_->Update(changes.objects);
  }
  update.heard = Heard(changes.objects, watcher_->objects());
  AddServices(update.change, heard_at, update.heard);
  update.node_eligible = IsEligible(watcher_->objects(), node_name_);
  AddProblems(update);
  const std::lock_guard lock(mutex_);
  if (newest_) {
    newest_->Append(std::move(update));
  } else {
    newest_ = std::move(update);
  }
}

bool ApiFeed::TakeNode() {
  absl::StatusOr<NotedNodeFacts> noted = FactsFromNode(watcher_->objects(), node_name_, overrides_);
  node_problem_.clear();
  if (!noted.ok()) {
    node_problem_.emplace_back(noted.status().message());
    return false;
  }
  const bool is_new = !node_ || node_->facts != noted->facts;
  node_ = *std::move(noted);
  return is_new;
}

void ApiFeed::AddProblems(NodeUpdate& update) {
  std::vector<kube::Problem> found = tracker_->problems();
  for (kube::Problem& problem : watcher_->problems()) found.push_back(std::move(problem));
  std::vector<std::string> problems = Texts(found);
  problems.insert(problems.end(), node_problem_.begin(), node_problem_.end());
  if (update.whole || problems != problems_) update.problems = problems_ = std::move(problems);
  if (!update.whole && update.change.services.empty()) return;
  std::vector<std::string> notes = NotesOf(node_->notes, tracker_->state().services);
  if (update.whole || notes != notes_) update.notes = notes_ = std::move(notes);
}

}  // namespace pointsman
