// Runs a scenario: its probes, then its loads, then its rollouts.
#ifndef POINTSMAN_SIM_CLUSTER_RUN_H_
#define POINTSMAN_SIM_CLUSTER_RUN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/cluster/cluster.h"
#include "sim/cluster/load_run.h"
#include "sim/cluster/probe.h"
#include "sim/cluster/rollout_run.h"
#include "sim/cluster/scenario.h"

namespace pointsman::cluster {

struct ProbeReport {
  ProbeCase asked;
  ProbeResult result;
  std::vector<Hop> hops;
  std::string wrong;  // how it differs from what was expected; empty: it does not
};

struct ScenarioReport {
  std::vector<ProbeReport> probes;
  std::vector<LoadReport> loads;
  std::vector<RolloutReport> rollouts;

  int passed() const;
  int failed() const;
};

// Loads pass where no connection fails. Errors: those of Cluster::Create and of datapaths.
absl::StatusOr<ScenarioReport> RunScenario(const Scenario& scenario, const OpenNodeDatapath& open);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_RUN_H_
