// A folder of manifests, watched by a thread of its own, as a stream of what the node forwards.
#ifndef POINTSMAN_HOST_AGENT_MANIFEST_FEED_H_
#define POINTSMAN_HOST_AGENT_MANIFEST_FEED_H_

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "host/agent/feed.h"
#include "host/kube/folder_watch.h"
#include "host/kube/manifests.h"

namespace pointsman {

// Thread-safe. The thread ends with the object.
class ManifestFeed : public Feed {
 public:
  // Reads the folder once before it returns: the first TakeNewest has something. Errors: those of
  // ManifestFolder::Open, FolderWatch::Open and ForwardingOfNode.
  static absl::StatusOr<std::unique_ptr<ManifestFeed>> Open(const std::filesystem::path& folder,
                                                            const std::string& node_name,
                                                            const NodeOverrides& overrides,
                                                            OnObjects on_objects = {});
  ~ManifestFeed() override;

  // Follows the folder from now on. Bad manifests never end that: their objects keep their last
  // good state and the problem is reported.
  void Start();

  // What was wrong with the manifests as Open found them.
  const std::vector<std::string>& FirstProblems() const { return first_problems_; }

  std::optional<NodeForwarding> TakeNewest() override;

 private:
  ManifestFeed(kube::FolderWatch watch, kube::ManifestFolder folder, std::string node_name,
               NodeOverrides overrides, OnObjects on_objects);
  absl::Status Publish();
  void WatchUntil(const std::stop_token& stop);

  std::vector<std::string> first_problems_;
  kube::FolderWatch watch_;
  kube::ManifestFolder folder_;
  const std::string node_name_;
  const NodeOverrides overrides_;
  const OnObjects on_objects_;  // may be none
  std::mutex mutex_;
  std::optional<NodeForwarding> newest_;  // guarded by mutex_
  std::optional<NodeForwarding> last_good_;
  std::jthread thread_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_MANIFEST_FEED_H_
