// A folder of manifests and a node, as the user names them: what that node forwards.
#ifndef POINTSMAN_HOST_CLI_MANIFEST_INPUT_H_
#define POINTSMAN_HOST_CLI_MANIFEST_INPUT_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "host/agent/node_forwarding.h"
#include "host/kube/object_set.h"

namespace pointsman {

struct ManifestOptions {
  std::string folder;
  std::string node;
  NodeOverrides overrides;
};

// --manifests, --node and those of AddNodeOptions.
void AddManifestOptions(CLI::App& command, ManifestOptions& options);

struct ManifestInput {
  kube::ObjectSet objects;  // derived EndpointSlices included
  NodeForwarding node;
};

// Notes go to stderr. Errors: InvalidArgument with all problems of the manifests, each naming file,
// object and field; those of ManifestFolder::Open and ForwardingOfNode.
absl::StatusOr<ManifestInput> ReadManifests(const ManifestOptions& options);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_MANIFEST_INPUT_H_
