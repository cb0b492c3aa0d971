#include "host/agent/manifest_feed.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace pointsman {
namespace {
constexpr std::chrono::milliseconds kLookForStop(200);
}  // namespace

absl::StatusOr<std::unique_ptr<ManifestFeed>> ManifestFeed::Open(
    const std::filesystem::path& folder, const std::string& node_name,
    const NodeOverrides& overrides, OnObjects on_objects) {
  absl::StatusOr<kube::FolderWatch> watch = kube::FolderWatch::Open(folder);
  if (!watch.ok()) return watch.status();
  absl::StatusOr<kube::ManifestFolder> manifests = kube::ManifestFolder::Open(folder);
  if (!manifests.ok()) return manifests.status();
  std::unique_ptr<ManifestFeed> feed(new ManifestFeed(*std::move(watch), *std::move(manifests),
                                                      node_name, overrides, std::move(on_objects)));
  if (absl::Status status = feed->Publish(); !status.ok()) return status;
  feed->first_problems_ = feed->last_good_->problems;
  return feed;
}

void ManifestFeed::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { WatchUntil(stop); });
}

ManifestFeed::ManifestFeed(kube::FolderWatch watch, kube::ManifestFolder folder,
                           std::string node_name, NodeOverrides overrides, OnObjects on_objects)
    : watch_(std::move(watch)),
      folder_(std::move(folder)),
      node_name_(std::move(node_name)),
      overrides_(std::move(overrides)),
      on_objects_(std::move(on_objects)) {}

ManifestFeed::~ManifestFeed() = default;

std::optional<NodeForwarding> ManifestFeed::TakeNewest() {
  const std::lock_guard lock(mutex_);
  return std::exchange(newest_, std::nullopt);
}

absl::Status ManifestFeed::Publish() {
  if (on_objects_) on_objects_(folder_.view().objects);
  absl::StatusOr<NodeForwarding> forwarding =
      ForwardingOfNode(folder_.view(), node_name_, overrides_);
  if (forwarding.ok()) {
    last_good_ = *std::move(forwarding);
  } else if (!last_good_) {
    return forwarding.status();
  }
  const std::lock_guard lock(mutex_);
  newest_ = last_good_;
  if (!forwarding.ok()) newest_->problems.push_back(std::string(forwarding.status().message()));
  return absl::OkStatus();
}

void ManifestFeed::WatchUntil(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const absl::StatusOr<bool> changed =
        watch_.Wait(std::chrono::steady_clock::now() + kLookForStop);
    if (!changed.ok()) {
      std::this_thread::sleep_for(kLookForStop);
      continue;
    }
    if (!*changed) continue;
    folder_.Reload();
    Publish().IgnoreError();  // only the first one can fail
  }
}

}  // namespace pointsman
