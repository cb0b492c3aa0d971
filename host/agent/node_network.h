// The node's own network, as its kernel has it: neighbours and routes by netlink (libnl).
#ifndef POINTSMAN_HOST_AGENT_NODE_NETWORK_H_
#define POINTSMAN_HOST_AGENT_NODE_NETWORK_H_

#include "absl/status/statusor.h"
#include "host/services/node_facts.h"

namespace pointsman {

// Of the main table and this network namespace, now. Neighbours whose address the kernel does not
// know are left out, and so are routes by them, by other interfaces than the default route's, and
// all but the best default route. Without an IPv4 default route there is nothing.
//
// Errors: Internal naming what netlink refused.
absl::StatusOr<NodeNetwork> ReadNodeNetwork();

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_NODE_NETWORK_H_
