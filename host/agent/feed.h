// Where an agent has its state from: a stream of what the node forwards.
#ifndef POINTSMAN_HOST_AGENT_FEED_H_
#define POINTSMAN_HOST_AGENT_FEED_H_

#include <functional>
#include <optional>

#include "host/agent/node_forwarding.h"
#include "host/kube/object_set.h"

namespace pointsman {

// Called with the objects of each new state, on the thread that made it.
using OnObjects = std::function<void(const kube::ObjectSet&)>;

// Thread-safe.
class Feed {
 public:
  virtual ~Feed() = default;

  // What the source says now, if that was not taken yet. Nothing until it has said all there is.
  virtual std::optional<NodeForwarding> TakeNewest() = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_FEED_H_
