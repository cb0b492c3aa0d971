#include "host/agent/node_forwarding.h"

#include <fmt/format.h>

#include <utility>

#include "host/services/forwarding_builder.h"
#include "host/services/health.h"

namespace pointsman {

absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ObjectSet& objects,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides) {
  absl::StatusOr<NotedNodeFacts> noted = FactsFromNode(objects, node_name, overrides);
  if (!noted.ok()) return noted.status();
  ServiceForwarding built = BuildForwarding(objects, noted->facts);

  NodeForwarding result;
  result.problems = Texts(built.problems);
  result.notes = NotesOf(noted->notes, built.services);
  result.node_eligible = IsEligible(objects, node_name);
  result.facts = std::move(noted->facts);
  static_cast<ServedState&>(result) = std::move(built);
  return result;
}

absl::StatusOr<NodeForwarding> ForwardingOfNode(const kube::ManifestView& manifests,
                                                const std::string& node_name,
                                                const NodeOverrides& overrides) {
  absl::StatusOr<NodeForwarding> result = ForwardingOfNode(manifests.objects, node_name, overrides);
  if (!result.ok()) return result;
  const std::vector<std::string> problems = Texts(manifests.problems);
  result->problems.insert(result->problems.begin(), problems.begin(), problems.end());
  std::vector<std::string> notes;
  for (const kube::Note& note : manifests.notes) notes.push_back(note.ToString());
  result->notes.insert(result->notes.begin(), notes.begin(), notes.end());
  return result;
}

bool IsEligible(const kube::ObjectSet& objects, const std::string& node_name) {
  const auto node = objects.nodes.find({kube::Kind::kNode, "", node_name});
  return IsNodeEligible(node == objects.nodes.end() ? nullptr : &node->second);
}

std::vector<std::string> Texts(const std::vector<kube::Problem>& problems) {
  std::vector<std::string> texts;
  for (const kube::Problem& problem : problems) texts.push_back(problem.ToString());
  return texts;
}

std::vector<std::string> NotesOf(const std::vector<kube::Note>& node_notes,
                                 const std::vector<ServiceReport>& services) {
  std::vector<std::string> notes;
  for (const kube::Note& note : node_notes) notes.push_back(note.ToString());
  for (const ServiceReport& service : services) {
    for (const Limitation& limitation : service.limitations) {
      notes.push_back(
          fmt::format("{}: {}: {}", service.service.ToString(), limitation.what, limitation.why));
    }
  }
  return notes;
}

}  // namespace pointsman
