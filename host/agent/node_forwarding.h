// From a cluster's objects to what one node forwards: the pure steps between, in order.
#ifndef POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_
#define POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/kube/manifest_set.h"
#include "host/services/node_facts.h"
#include "host/services/served_change.h"

namespace pointsman {

struct NodeForwarding : ServedState {
  NodeFacts facts;
  bool node_eligible = true;  // for traffic from outside, see IsNodeEligible
  std::vector<std::string>
      problems;  // for people; what they are about is left out of the forwarding
  std::vector<std::string> notes;
};

// Errors: those of FactsFromNode (no such Node, no address).
absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ObjectSet& objects,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides);

// With what was found wrong with the manifests, first.
absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ManifestView& manifests,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides);

bool IsEligible(const kube::ObjectSet& objects, const std::string& node_name);

std::vector<std::string> Texts(const std::vector<kube::Problem>& problems);

// What had to be assumed about the node, and what Services do not get from the card.
std::vector<std::string> NotesOf(const std::vector<kube::Note>& node_notes,
                                 const std::vector<ServiceReport>& services);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_
