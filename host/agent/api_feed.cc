#include "host/agent/api_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/time/clock.h"

namespace pointsman {
namespace {

constexpr absl::Duration kLookForStop = absl::Milliseconds(200);

}  // namespace

absl::StatusOr<std::unique_ptr<ApiFeed>> ApiFeed::Open(kube::ServerConfig config,
                                                       const std::string& node_name,
                                                       const NodeOverrides& overrides,
                                                       OnObjects on_objects) {
  // Each node waits its own times.
  const uint32_t seed = std::random_device()();
  auto watcher = kube::ApiWatcher::Open(std::move(config), {}, seed);
  if (!watcher.ok()) return watcher.status();
  return std::unique_ptr<ApiFeed>(
      new ApiFeed(*std::move(watcher), node_name, overrides, std::move(on_objects)));
}

ApiFeed::ApiFeed(std::unique_ptr<kube::ApiWatcher> watcher, std::string node_name,
                 NodeOverrides overrides, OnObjects on_objects)
    : watcher_(std::move(watcher)),
      node_name_(std::move(node_name)),
      overrides_(std::move(overrides)),
      on_objects_(std::move(on_objects)) {}

ApiFeed::~ApiFeed() {
  thread_.request_stop();
  watcher_->Wake();
}

void ApiFeed::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { FollowUntil(stop); });
}

std::optional<NodeForwarding> ApiFeed::TakeNewest() {
  const std::lock_guard lock(mutex_);
  return std::exchange(newest_, std::nullopt);
}

// Making a state takes time with the size of the cluster. It is followed by as long a rest, so that
// many changes become one state and at most half a processor goes into it.
void ApiFeed::FollowUntil(const std::stop_token& stop) {
  bool changed = false;
  absl::Time next = absl::InfinitePast();
  while (!stop.stop_requested()) {
    const absl::Time now = absl::Now();
    watcher_->Poll(changed ? std::clamp(next - now, absl::ZeroDuration(), kLookForStop)
                           : kLookForStop);
    for (const std::string& error : watcher_->TakeErrors()) spdlog::warn("{}", error);
    changed |= watcher_->TakeChanged();
    const absl::Time started = absl::Now();
    if (!changed || !watcher_->synced() || started < next) continue;
    Publish();
    changed = false;
    const absl::Time ended = absl::Now();
    next = ended + (ended - started);
  }
}

void ApiFeed::Publish() {
  if (on_objects_) on_objects_(watcher_->objects());
  absl::StatusOr<NodeForwarding> forwarding =
      ForwardingOfNode(watcher_->objects(), node_name_, overrides_);
  if (forwarding.ok()) {
    last_good_ = *std::move(forwarding);
    for (const kube::Problem& problem : watcher_->problems()) {
      last_good_->problems.push_back(problem.ToString());
    }
  } else if (!last_good_) {
    spdlog::warn("nothing is programmed yet: {}", std::string(forwarding.status().message()));
    return;
  }
  NodeForwarding newest = *last_good_;
  if (!forwarding.ok()) newest.problems.push_back(std::string(forwarding.status().message()));
  const std::lock_guard lock(mutex_);
  newest_ = std::move(newest);
}

}  // namespace pointsman
