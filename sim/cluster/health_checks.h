// What load balancers find out about their targets. Pure.
#ifndef POINTSMAN_SIM_CLUSTER_HEALTH_CHECKS_H_
#define POINTSMAN_SIM_CLUSTER_HEALTH_CHECKS_H_

#include <vector>

#include "host/kube/object_set.h"
#include "host/kube/problem.h"
#include "sim/cluster/load_balancer.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

// The listeners of a balancer, with the targets that are well: node ports of the nodes that answer
// 200 on the Service's health check port (policy Local), or that may get traffic from outside at
// all (policy Cluster); or the ready endpoints, for a balancer that goes straight to pods.
Listeners ListenersOf(const kube::ObjectSet& objects, const ClusterSetup& setup,
                      const LoadBalancerSetup& balancer);

// What is wrong with Services on load balancers: pass-through differs between two on one balancer
// (mode ipvs); a port without a node port on a balancer that needs it; two Services on one port of
// a balancer; an address of which there is no balancer.
std::vector<kube::Problem> ProblemsOfBalancedServices(const kube::ObjectSet& objects,
                                                      const ClusterSetup& setup);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_HEALTH_CHECKS_H_
