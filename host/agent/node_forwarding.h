// From a cluster's objects to what one node forwards: the pure steps between, in order.
#ifndef POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_
#define POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/forwarding.h"
#include "host/kube/manifest_set.h"
#include "host/services/forwarding_builder.h"
#include "host/services/health.h"
#include "host/services/node_facts.h"
#include "host/services/serving_udp.h"

namespace pointsman {

struct NodeForwarding {
  NodeFacts facts;
  Forwarding forwarding;
  std::vector<ServiceReport> services;
  std::vector<HealthCheckPort> health_check_ports;
  bool node_eligible = true;  // for traffic from outside, see IsNodeEligible
  ServingUdp serving_udp;
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

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_NODE_FORWARDING_H_
