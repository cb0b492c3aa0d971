#include "host/agent/node_forwarding.h"

#include <fmt/format.h>

#include <utility>

namespace pointsman {

absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ObjectSet& objects,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides) {
  absl::StatusOr<NotedNodeFacts> noted = FactsFromNode(objects, node_name, overrides);
  if (!noted.ok()) return noted.status();
  ServiceForwarding built = BuildForwarding(objects, noted->facts);

  NodeForwarding result;
  result.health_check_ports = HealthCheckPorts(objects, noted->facts);
  const auto node = objects.nodes.find({kube::Kind::kNode, "", node_name});
  result.node_eligible = IsNodeEligible(node == objects.nodes.end() ? nullptr : &node->second);
  result.serving_udp = ServingUdp(objects, noted->facts);
  result.facts = std::move(noted->facts);
  result.forwarding = std::move(built.forwarding);
  result.services = std::move(built.services);
  for (const kube::Problem& problem : built.problems) result.problems.push_back(problem.ToString());
  for (const kube::Note& note : noted->notes) result.notes.push_back(note.ToString());
  for (const ServiceReport& service : result.services) {
    for (const Limitation& limitation : service.limitations) {
      result.notes.push_back(
          fmt::format("{}: {}: {}", service.service.ToString(), limitation.what, limitation.why));
    }
  }
  return result;
}

absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ManifestView& manifests,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides) {
  absl::StatusOr<NodeForwarding> result = ForwardingOfNode(manifests.objects, node_name, overrides);
  if (!result.ok()) return result;
  std::vector<std::string> problems;
  for (const kube::Problem& problem : manifests.problems) problems.push_back(problem.ToString());
  result->problems.insert(result->problems.begin(), problems.begin(), problems.end());
  std::vector<std::string> notes;
  for (const kube::Note& note : manifests.notes) notes.push_back(note.ToString());
  result->notes.insert(result->notes.begin(), notes.begin(), notes.end());
  return result;
}

}  // namespace pointsman
