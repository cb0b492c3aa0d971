#include "host/agent/node_forwarding.h"

#include <fmt/format.h>

#include <utility>

namespace pointsman {

absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ManifestView& manifests,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides) {
  absl::StatusOr<NotedNodeFacts> noted = FactsFromNode(manifests.objects, node_name, overrides);
  if (!noted.ok()) return noted.status();
  ServiceForwarding built = BuildForwarding(manifests.objects, noted->facts);

  NodeForwarding result;
  result.health_check_ports = HealthCheckPorts(manifests.objects, noted->facts);
  const auto node = manifests.objects.nodes.find({kube::Kind::kNode, "", node_name});
  result.node_eligible =
      IsNodeEligible(node == manifests.objects.nodes.end() ? nullptr : &node->second);
  result.serving_udp = ServingUdp(manifests.objects, noted->facts);
  result.facts = std::move(noted->facts);
  result.forwarding = std::move(built.forwarding);
  result.services = std::move(built.services);
  for (const kube::Problem& problem : manifests.problems)
    result.problems.push_back(problem.ToString());
  for (const kube::Problem& problem : built.problems) result.problems.push_back(problem.ToString());
  for (const kube::Note& note : manifests.notes) result.notes.push_back(note.ToString());
  for (const kube::Note& note : noted->notes) result.notes.push_back(note.ToString());
  for (const ServiceReport& service : result.services) {
    for (const Limitation& limitation : service.limitations) {
      result.notes.push_back(
          fmt::format("{}: {}: {}", service.service.ToString(), limitation.what, limitation.why));
    }
  }
  return result;
}

}  // namespace pointsman
