#include "host/cli/manifest_input.h"

#include <fmt/format.h>

#include <utility>

#include "host/cli/node_options.h"
#include "host/kube/manifests.h"

namespace pointsman {

void AddManifestOptions(CLI::App& command, ManifestOptions& options) {
  command.add_option("--manifests", options.folder, "folder of Kubernetes manifests")->required();
  command.add_option("--node", options.node, "the Node whose datapath it is")->required();
  AddNodeOptions(command, options.overrides);
}

absl::StatusOr<ManifestInput> ReadManifests(const ManifestOptions& options) {
  absl::StatusOr<kube::ManifestFolder> folder = kube::ManifestFolder::Open(options.folder);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<NodeForwarding> node =
      ForwardingOfNode(folder->view(), options.node, options.overrides);
  if (!node.ok()) return node.status();
  for (const std::string& note : node->notes) fmt::print(stderr, "note: {}\n", note);
  if (node->problems.empty()) return ManifestInput{folder->view().objects, *std::move(node)};
  std::string all;
  for (const std::string& problem : node->problems)
    all += (all.empty() ? "" : "\npointsman: ") + problem;
  return absl::InvalidArgumentError(all);
}

}  // namespace pointsman
