// Scenarios for tests, without files.
#ifndef POINTSMAN_TESTS_SIM_CLUSTER_SCENARIO_SUPPORT_H_
#define POINTSMAN_TESTS_SIM_CLUSTER_SCENARIO_SUPPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "sim/cluster/run.h"

namespace pointsman::cluster {

// A cluster of three nodes (node-b has the backends default/web-0 and web-1 with label app: web,
// and the client pod default/on-b; node-a the client pod default/on-a), balancers `shared` and
// `dedicated`, a client `laptop`, and the Service default/web with these lines in its spec.
struct SmallCluster {
  std::string model = "vpc";
  std::string mode = "pointsman";
  std::string service_spec = "type: ClusterIP";
  std::string selector = "{app: web}";
  std::string service_annotations = "{}";
  std::string service_status = "{}";
  std::string more_objects;
};

// The text of a scenario with these probes (a YAML list).
std::string ScenarioOf(const SmallCluster& cluster, const std::string& probes);

absl::StatusOr<Scenario> Parse(const std::string& text);

// Runs it in software. Every probe is as expected, or the test fails with what was met.
void ExpectAsWritten(const SmallCluster& cluster, const std::string& probes);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_TESTS_SIM_CLUSTER_SCENARIO_SUPPORT_H_
