// A scenario file of `pointsman cluster run`: a cluster, the objects in it, and what is asked of
// them. docs/services.md describes the format. Plain values; reading is pure, but for the manifests
// that the caller reads.
#ifndef POINTSMAN_SIM_CLUSTER_SCENARIO_H_
#define POINTSMAN_SIM_CLUSTER_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/types.h"
#include "host/kube/object_set.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

// Where connections go: an address and port, or a name of DNS and a port.
struct Destination {
  std::string text;  // as written
  std::string name;  // of DNS, or empty:
  kube::IpAddress address;
  uint16_t port = 0;
};

// One connection, and what must become of it.
struct ProbeCase {
  int line = 0;
  std::string from;  // Host::name
  Destination to;
  Protocol protocol = Protocol::kTcp;
  bool expect_ok = true;
  std::string backend;                    // Host::name; empty: any
  std::optional<kube::IpAddress> source;  // as the backend sees it
  std::string reason;                     // part of the failure's hop or reason; empty: any
};

// Where the many connections of a load go, by Service.
enum class Via : uint8_t { kClusterIp, kNodePort, kLoadBalancer };

// Connections from all hosts of a kind in turn to all Services of a group in turn.
struct Load {
  int line = 0;
  std::string name;
  int probes = 0;
  std::string from;      // "pods", "nodes" or "clients"
  std::string services;  // what the Services' names begin with
  Via via = Via::kClusterIp;
};

// Pods of a Deployment are replaced one by one: the new one comes up on the next node while the old
// one drains, then the old one is gone.
struct Rollout {
  int line = 0;
  std::string deployment;  // namespace/name
  kube::ObjectKey service;
  kube::IpAddress balancer;  // by which clients come
  int connections = 0;       // open all the while
  int new_connections_a_step = 0;
};

struct Scenario {
  std::string file;
  std::string name;
  ClusterSetup setup;
  kube::ObjectSet objects;
  std::vector<ProbeCase> probes;
  std::vector<Load> loads;
  std::vector<Rollout> rollouts;
};

// Reads the text of a manifest that the scenario names.
using ReadManifest = std::function<absl::StatusOr<std::string>(const std::string& name)>;

// Errors: InvalidArgument, a line for each thing that is wrong: "file:line: field: message".
absl::StatusOr<Scenario> ParseScenario(std::string_view text, const std::string& file,
                                       const ReadManifest& read);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_SCENARIO_H_
