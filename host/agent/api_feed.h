// A cluster's API server, followed by a thread of its own, as a stream of what the node forwards.
#ifndef POINTSMAN_HOST_AGENT_API_FEED_H_
#define POINTSMAN_HOST_AGENT_API_FEED_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "host/agent/feed.h"
#include "host/apiserver/api_watcher.h"
#include "host/apiserver/server_config.h"

namespace pointsman {

// Thread-safe. The thread ends with the object; a credential plugin that runs is waited for.
class ApiFeed : public Feed {
 public:
  // Asks nothing yet. Errors: those of ApiWatcher::Open.
  static absl::StatusOr<std::unique_ptr<ApiFeed>> Open(kube::ServerConfig config,
                                                       const std::string& node_name,
                                                       const NodeOverrides& overrides,
                                                       OnObjects on_objects = {});
  ~ApiFeed() override;

  // Follows the server from now on. Whatever becomes of the server, the last state stays; requests
  // that fail are logged. A state without the own Node is a problem of the last one that had it.
  void Start();

  // Nothing until Services, EndpointSlices and Nodes are known completely, this one among them.
  std::optional<NodeForwarding> TakeNewest() override;

 private:
  ApiFeed(std::unique_ptr<kube::ApiWatcher> watcher, std::string node_name, NodeOverrides overrides,
          OnObjects on_objects);
  void FollowUntil(const std::stop_token& stop);
  void Publish();

  const std::unique_ptr<kube::ApiWatcher> watcher_;
  const std::string node_name_;
  const NodeOverrides overrides_;
  const OnObjects on_objects_;               // may be none
  std::optional<NodeForwarding> last_good_;  // of the thread
  std::mutex mutex_;
  std::optional<NodeForwarding> newest_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_API_FEED_H_
