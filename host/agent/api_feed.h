// A cluster's API server, followed by a thread of its own, as a stream of what the node forwards.
#ifndef POINTSMAN_HOST_AGENT_API_FEED_H_
#define POINTSMAN_HOST_AGENT_API_FEED_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "host/agent/feed.h"
#include "host/agent/metrics.h"
#include "host/apiserver/api_watcher.h"
#include "host/apiserver/server_config.h"
#include "host/services/forwarding_tracker.h"

namespace pointsman {

using NetworkReader = std::function<absl::StatusOr<NodeNetwork>()>;

// Thread-safe. The thread ends with the object; a credential plugin that runs is waited for.
class ApiFeed : public Feed {
 public:
  // Asks nothing yet. Borrows `metrics`. Errors: those of ApiWatcher::Open.
  static absl::StatusOr<std::unique_ptr<ApiFeed>> Open(
      kube::ServerConfig config, const std::string& node_name, const NodeOverrides& overrides,
      AgentMetrics& metrics, OnObjects on_objects = {}, const kube::ReflectorTiming& timing = {});
  ~ApiFeed() override;

  // Follows the server from now on. Whatever becomes of the server, the last state stays; requests
  // that fail are logged. While the own Node is missing, or wrong, what was known of it counts, and
  // that is a problem. `network` is asked now and then for what the node's own network says; none:
  // nothing is.
  void Start(NetworkReader network = nullptr);

  // Nothing until Services, EndpointSlices and Nodes are known completely, this one among them.
  std::optional<NodeUpdate> TakeNewest() override;

 private:
  ApiFeed(std::unique_ptr<kube::ApiWatcher> watcher, std::string node_name, NodeOverrides overrides,
          AgentMetrics& metrics, OnObjects on_objects);
  void FollowUntil(const std::stop_token& stop);
  void TakeCounts();
  // True: the network is not what it was.
  bool LookAtNetwork(absl::Time now);
  void Publish(kube::ApiChanges changes, absl::Time heard_at);
  // Whether the node is other than the tracker has it, or there is no tracker yet.
  bool TakeNode();
  void AddProblems(NodeUpdate& update);

  const std::unique_ptr<kube::ApiWatcher> watcher_;
  const std::string node_name_;
  AgentMetrics& metrics_;
  const OnObjects on_objects_;  // may be none
  NetworkReader network_;

  // Of the thread.
  NodeOverrides overrides_;
  absl::Time next_look_ = absl::InfinitePast();  // at the network
  std::optional<NotedNodeFacts> node_;           // as it was last without a fault
  std::vector<std::string> node_problem_;        // one at most: why it is that one
  std::unique_ptr<ForwardingTracker> tracker_;
  std::vector<std::string> problems_;  // as told last
  std::vector<std::string> notes_;

  std::mutex mutex_;
  std::optional<NodeUpdate> newest_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_API_FEED_H_
