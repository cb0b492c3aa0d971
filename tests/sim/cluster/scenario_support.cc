#include "tests/sim/cluster/scenario_support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pointsman::cluster {
namespace {

constexpr char kText[] = R"(format: pointsman-cluster/v1
name: test
network: {{model: {model}, mode: {mode}, privateCIDR: 192.168.0.0/24, serviceCIDR: 10.96.0.0/16}}
nodes:
  - {{name: node-a, address: 192.168.0.11, publicAddress: 203.0.113.11, podCIDR: 10.244.1.0/24, zone: east}}
  - {{name: node-b, address: 192.168.0.12, publicAddress: 203.0.113.12, podCIDR: 10.244.2.0/24, zone: west}}
  - {{name: node-c, address: 192.168.0.13, podCIDR: 10.244.3.0/24, zone: west}}
loadBalancers:
  - {{name: shared, kind: shared, address: 192.168.0.100, publicAddress: 203.0.113.100}}
  - {{name: dedicated, kind: dedicated, address: 192.168.0.101, publicAddress: 203.0.113.101}}
clients:
  - {{name: laptop, address: 198.51.100.7}}
objects:
  - apiVersion: v1
    kind: Service
    metadata: {{name: web, annotations: {annotations}}}
    spec:
      clusterIP: 10.96.0.10
      selector: {selector}
      ports: [{{name: http, port: 80, targetPort: 8080{node_port}}}]
{spec}
    status: {status}
  - {{apiVersion: v1, kind: Pod, metadata: {{name: web-0, labels: {{app: web}}}},
     spec: {{nodeName: node-b, hostname: web-0, containers: [{{name: web, ports: [{{containerPort: 8080}}]}}]}},
     status: {{phase: Running, podIP: 10.244.2.10, conditions: [{{type: Ready, status: "True"}}]}}}}
  - {{apiVersion: v1, kind: Pod, metadata: {{name: web-1, labels: {{app: web}}}},
     spec: {{nodeName: node-b, containers: [{{name: web, ports: [{{containerPort: 8080}}]}}]}},
     status: {{phase: Running, podIP: 10.244.2.11, conditions: [{{type: Ready, status: "True"}}]}}}}
  - {{apiVersion: v1, kind: Pod, metadata: {{name: on-a}}, spec: {{nodeName: node-a, containers: [{{name: curl}}]}},
     status: {{phase: Running, podIP: 10.244.1.20}}}}
  - {{apiVersion: v1, kind: Pod, metadata: {{name: on-b}}, spec: {{nodeName: node-b, containers: [{{name: curl}}]}},
     status: {{phase: Running, podIP: 10.244.2.20}}}}
{more}
probes:
{probes}
)";

std::string Indented(const std::string& lines, const std::string& by) {
  std::string out = by;
  for (const char c : lines) {
    out += c;
    if (c == '\n') out += by;
  }
  return out;
}

}  // namespace

std::string ScenarioOf(const SmallCluster& cluster, const std::string& probes) {
  const bool outside = cluster.service_spec.find("type: ClusterIP") == std::string::npos &&
                       cluster.service_spec.find("type: ExternalName") == std::string::npos;
  return fmt::format(kText, fmt::arg("model", cluster.model), fmt::arg("mode", cluster.mode),
                     fmt::arg("annotations", cluster.service_annotations),
                     fmt::arg("selector", cluster.selector),
                     fmt::arg("node_port", outside ? ", nodePort: 30080" : ""),
                     fmt::arg("spec", Indented(cluster.service_spec, "      ")),
                     fmt::arg("status", cluster.service_status),
                     fmt::arg("more", cluster.more_objects), fmt::arg("probes", probes));
}

absl::StatusOr<Scenario> Parse(const std::string& text) {
  return ParseScenario(text, "test.yaml",
                       [](const std::string& name) -> absl::StatusOr<std::string> {
                         return absl::InvalidArgumentError(name + ": cannot be read");
                       });
}

void ExpectAsWritten(const SmallCluster& cluster, const std::string& probes) {
  const absl::StatusOr<Scenario> scenario = Parse(ScenarioOf(cluster, probes));
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  const auto report =
      RunScenario(*scenario, [](const NodeSetup&) -> absl::StatusOr<std::unique_ptr<Datapath>> {
        return OpenSoftwareDatapath();
      });
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_FALSE(report->probes.empty());
  for (const ProbeReport& probe : report->probes) {
    std::string walk;
    for (const Hop& hop : probe.hops) walk += "\n    " + hop.where + ": " + hop.what;
    EXPECT_EQ(probe.wrong, "") << cluster.mode << " over " << cluster.model << ": "
                               << probe.asked.from << " -> " << probe.asked.to.text << walk;
  }
}

}  // namespace pointsman::cluster
