// The part of a scenario that says what the cluster is: its networks, nodes, load balancers and
// clients. Pure.
#ifndef POINTSMAN_SIM_CLUSTER_SCENARIO_CLUSTER_H_
#define POINTSMAN_SIM_CLUSTER_SCENARIO_CLUSTER_H_

#include <set>
#include <string_view>

#include "host/kube/field.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

// Reads `network`, `nodes`, `loadBalancers` and `clients`. What is wrong goes to the field's
// report: CIDRs that overlap, addresses outside their network or given twice, too many cards.
ClusterSetup DecodeCluster(const kube::Field& root);

// Reports the members of a map that are none of these.
void RefuseUnknown(const kube::Field& field, const std::set<std::string_view>& known);

// The address so many places behind `first`. REQUIRES: IPv4.
kube::IpAddress Plus(const kube::IpAddress& first, uint32_t places);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_SCENARIO_CLUSTER_H_
