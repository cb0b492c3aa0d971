// Where an agent has its state from: a stream of what the node forwards.
#ifndef POINTSMAN_HOST_AGENT_FEED_H_
#define POINTSMAN_HOST_AGENT_FEED_H_

#include <optional>

#include "host/agent/node_update.h"

namespace pointsman {

// Thread-safe.
class Feed {
 public:
  virtual ~Feed() = default;

  // What the source says now, if that was not taken yet. Nothing until it has said all there is;
  // the first one is whole.
  virtual std::optional<NodeUpdate> TakeNewest() = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_FEED_H_
