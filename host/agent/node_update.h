// What became of a node's forwarding since one looked last, as a feed hands it to the agent. Plain
// values.
#ifndef POINTSMAN_HOST_AGENT_NODE_UPDATE_H_
#define POINTSMAN_HOST_AGENT_NODE_UPDATE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "host/agent/node_forwarding.h"
#include "host/services/served_change.h"

namespace pointsman {

// What was heard of, for metrics.
struct HeardChanges {
  size_t services = 0;
  size_t endpoint_slices = 0;
  // When what the slices tell of happened (annotation
  // endpoints.kubernetes.io/last-change-trigger-time).
  std::vector<absl::Time> triggered{};
  // Services whose forwarding may be another now, and since when that waits; and those that went.
  std::map<kube::ObjectKey, absl::Time> waiting{};
  std::set<kube::ObjectKey> gone{};

  // This and then `later`, as one.
  void Append(HeardChanges later);
};

struct NodeUpdate {
  std::optional<NodeForwarding> whole;  // in place of everything before
  ServedChange change;                  // and then this
  std::optional<bool> node_eligible;
  std::optional<std::vector<std::string>> problems;
  std::optional<std::vector<std::string>> notes;
  HeardChanges heard;

  // This one and then `later`, as one.
  void Append(NodeUpdate later);
  void ApplyTo(NodeForwarding& state) const;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_NODE_UPDATE_H_
