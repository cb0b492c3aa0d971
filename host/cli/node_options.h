// Options about the node that no object holds, under kube-proxy's names where it has them.
#ifndef POINTSMAN_HOST_CLI_NODE_OPTIONS_H_
#define POINTSMAN_HOST_CLI_NODE_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "host/services/node_facts.h"

namespace pointsman {

// `overrides` must live until the command line is parsed. What cannot be read is a CLI11
// ValidationError that names option and text.
void AddNodeOptions(CLI::App& command, NodeOverrides& overrides);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_NODE_OPTIONS_H_
