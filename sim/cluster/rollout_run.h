// A Deployment's pods are replaced one by one while clients hold connections and open new ones.
#ifndef POINTSMAN_SIM_CLUSTER_ROLLOUT_RUN_H_
#define POINTSMAN_SIM_CLUSTER_ROLLOUT_RUN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/cluster/cluster.h"
#include "sim/cluster/probe.h"
#include "sim/cluster/scenario.h"

namespace pointsman::cluster {

struct RolloutReport {
  std::string deployment;
  int pods = 0;             // replaced
  int64_t connections = 0;  // open at the beginning
  int64_t exchanges = 0;    // on connections to living pods
  int64_t broken = 0;       // of them, those without an answer from their pod
  int64_t ended = 0;        // connections whose pod is gone
  int64_t new_by_balancer = 0;
  int64_t failed_by_balancer = 0;
  int64_t new_by_node_port = 0;
  int64_t failed_without_endpoint = 0;  // at nodes that have no endpoint to use
  int64_t failed_with_endpoint = 0;
  int64_t reached_without_endpoint = 0;
  int64_t wrong_targets =
      0;  // steps in which the balancer's targets were not the nodes with ready pods
  int least_targets = 0;
  int most_targets = 0;
  std::string first_wrong;  // what went wrong first; empty: nothing

  bool ok() const {
    return broken == 0 && failed_by_balancer == 0 && failed_with_endpoint == 0 &&
           wrong_targets == 0;
  }
};

// Errors: those of a datapath, and InvalidArgument where there is no room for the new pods.
absl::StatusOr<RolloutReport> RunRollout(const Rollout& rollout, Cluster& cluster, Prober& prober,
                                         absl::Time now);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_ROLLOUT_RUN_H_
