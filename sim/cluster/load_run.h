// Many connections, and how evenly they spread.
#ifndef POINTSMAN_SIM_CLUSTER_LOAD_RUN_H_
#define POINTSMAN_SIM_CLUSTER_LOAD_RUN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/cluster/cluster.h"
#include "sim/cluster/probe.h"
#include "sim/cluster/scenario.h"

namespace pointsman::cluster {

struct Spread {
  int64_t least = 0;
  double mean = 0;
  int64_t most = 0;
};

struct NodeShare {
  std::string node;
  int endpoints = 0;  // of the load's Services
  int64_t connections = 0;
};

struct LoadReport {
  std::string name;
  int64_t connections = 0;
  int64_t failed = 0;
  std::string first_failure;
  std::vector<NodeShare> nodes;  // in the setup's order
  Spread per_node;
  Spread per_endpoint;
};

// Errors: those of a datapath.
absl::StatusOr<LoadReport> RunLoad(const Load& load, Cluster& cluster, Prober& prober,
                                   absl::Time now);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_LOAD_RUN_H_
