#include "host/services/forwarding_builder.h"

#include "host/services/forwarding_tracker.h"

namespace pointsman {

ServiceForwarding BuildForwarding(const kube::ObjectSet& objects, const NodeFacts& facts) {
  const ForwardingTracker tracker(objects, facts);
  return {tracker.state(), tracker.problems()};
}

}  // namespace pointsman
