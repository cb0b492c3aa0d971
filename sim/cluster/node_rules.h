// What a node's proxy answers for, by forwarding mode: the one place where the modes differ. Pure.
//
// `pointsman` is what host/services makes of the objects, which are today's kube-proxy rules
// (host/services/frontends.h). `iptables` and `ipvs` are the proxies that the access matrix of
// docs/services.md speaks of; they differ from it in this:
//
//                        iptables                              ipvs
//   who is a pod         not told: pods are clients like       the same
//                        those outside
//   cluster IP           the node itself is masqueraded, and   the same
//                        everybody in network model vpc
//   policy Cluster       any endpoint, masqueraded             the same
//   node port, external IP, policy Local:
//     from the node      any endpoint, masqueraded (the        as from others
//     itself             short cut)
//     from others        endpoints here, else dropped          endpoints here, else any; never
//                                                              masqueraded
//   load balancer's address:
//     policy Cluster     any endpoint, masqueraded (the        the same
//                        short cut)
//     policy Local       not answered: goes to the balancer    the same
//
// In every mode an address of a load balancer is not answered where the Service's annotation for
// pass-through or `ipMode: Proxy` says so. In network model tunnel a node masquerades with its
// address in the overlay.
#ifndef POINTSMAN_SIM_CLUSTER_NODE_RULES_H_
#define POINTSMAN_SIM_CLUSTER_NODE_RULES_H_

#include <map>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "flow_tables/forwarding.h"
#include "host/services/forwarding_builder.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

struct FrontendNote {
  FrontendKind kind = FrontendKind::kClusterIp;
  kube::ObjectKey service;
  bool local_policy = false;  // which the kind is subject to
};

using FrontendKey = std::tuple<Address, uint16_t, Protocol>;

struct NodeRules {
  Forwarding forwarding;
  std::map<FrontendKey, FrontendNote> notes;  // one for each frontend
};

// Errors: InvalidArgument with all that is wrong with the objects; those of FactsFromNode.
absl::StatusOr<NodeRules> RulesOf(const kube::ObjectSet& objects, const ClusterSetup& setup,
                                  const NodeSetup& node);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_NODE_RULES_H_
