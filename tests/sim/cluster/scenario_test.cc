// What a scenario file may not say, and the example scenarios.
#include "sim/cluster/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "sim/cluster/run.h"
#include "tests/sim/cluster/scenario_support.h"

namespace pointsman::cluster {
namespace {

using testing::ContainsRegex;

constexpr char kOneProbe[] = "  - {from: pod default/on-a, to: service default/web, expect: ok}";

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

// That `what` in place of `of` gives an error with this pattern, which file and line come before.
void ExpectError(const std::string& what, const std::string& by, const std::string& pattern,
                 const SmallCluster& cluster = {}) {
  const auto scenario = Parse(Replaced(ScenarioOf(cluster, kOneProbe), what, by));
  ASSERT_FALSE(scenario.ok()) << by;
  EXPECT_EQ(scenario.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(scenario.status().message()),
              ContainsRegex("test\\.yaml:[1-9][0-9]*: " + pattern));
}

TEST(ScenarioTest, TheSmallClusterItselfIsRight) {
  const auto scenario = Parse(ScenarioOf({}, kOneProbe));
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->setup.nodes.size(), 3u);
  EXPECT_EQ(scenario->probes.front().to.port, 80);
}

TEST(ScenarioTest, NetworksThatOverlapAreRefused) {
  ExpectError("podCIDR: 10.244.2.0/24", "podCIDR: 10.244.0.0/16",
              "nodes\\[1\\]\\.podCIDR: 10\\.244\\.0\\.0/16 overlaps 10\\.244\\.1\\.0/24");
  ExpectError("serviceCIDR: 10.96.0.0/16", "serviceCIDR: 192.168.0.0/16",
              "network\\.serviceCIDR: 192\\.168\\.0\\.0/16 overlaps");
}

TEST(ScenarioTest, AddressesMustFitTheirNetworks) {
  ExpectError("address: 192.168.0.12", "address: 192.168.0.11",
              "nodes\\[1\\]\\.address: 192\\.168\\.0\\.11 is node node-a's already");
  ExpectError("address: 192.168.0.12", "address: 10.0.0.1", "nodes\\[1\\]\\.address: .* not in");
  ExpectError(
      "podIP: 10.244.2.20", "podIP: 10.244.1.21",
      "Pod default/on-b: status\\.podIP: 10\\.244\\.1\\.21 is none for a pod of node node-b");
  ExpectError("clusterIP: 10.96.0.10", "clusterIP: 10.1.0.10",
              "Service default/web: spec\\.clusterIP");
}

TEST(ScenarioTest, UnknownNodesAreRefused) {
  ExpectError("nodeName: node-a", "nodeName: node-z",
              "Pod default/on-a: spec\\.nodeName: there is no node 'node-z'");
  ExpectError("from: pod default/on-a", "from: node node-z", "probes\\[0\\]\\.from: 'node node-z'");
}

TEST(ScenarioTest, ProbesToNowhereAreRefused) {
  const std::string to = "to: service default/web";
  ExpectError(to, "to: service default/cart", "probes\\[0\\]\\.to: there is no Service");
  ExpectError(to, "to: \"service default/web:81\"", "probes\\[0\\]\\.to: .* has no port 81");
  ExpectError(to, "to: \"node node-z:80\"", "probes\\[0\\]\\.to: there is no node 'node-z'");
  ExpectError(to, "to: \"balancer none:80\"", "probes\\[0\\]\\.to: there is no load balancer");
  ExpectError(to, "to: \"172.16.0.1:80\"", "probes\\[0\\]\\.to: leads nowhere");
  ExpectError(to, "to: \"10.96.0.10\"", "probes\\[0\\]\\.to: .* names no port");
  ExpectError(to, "to: somewhere", "probes\\[0\\]\\.to: 'somewhere' is none of");
  ExpectError(to, "to: \"node node-c:80\", address: public",
              "probes\\[0\\]\\.to: it has no public");
}

TEST(ScenarioTest, ContradictoryAnnotationsAreRefused) {
  SmallCluster cluster;
  cluster.service_spec = "type: LoadBalancer";
  cluster.service_status = "{loadBalancer: {ingress: [{ip: 192.168.0.100}]}}";
  const std::string none = "annotations: {}";
  const std::string field = "Service default/web: .*kubernetes.io/elb.pass-through.: ";
  ExpectError(none, "annotations: {kubernetes.io/elb.pass-through: onlyLocal}",
              field + "onlyLocal contradicts spec.externalTrafficPolicy: Cluster", cluster);
  ExpectError(none, "annotations: {kubernetes.io/elb.pass-through: maybe}",
              field + "\"maybe\" is none of", cluster);
  ExpectError(none, "annotations: {kubernetes.io/elb.pass-through: onlyLocal}",
              field + ".* not of type LoadBalancer", {});
}

// Two Services on one balancer.
SmallCluster TwoOnOneBalancer(const std::string& mode) {
  SmallCluster cluster;
  cluster.mode = mode;
  cluster.service_spec = "type: LoadBalancer";
  cluster.service_status = "{loadBalancer: {ingress: [{ip: 192.168.0.100}]}}";
  cluster.more_objects = R"(
  - {apiVersion: v1, kind: Service, metadata: {name: other, annotations: {kubernetes.io/elb.pass-through: "true"}},
     spec: {type: LoadBalancer, clusterIP: 10.96.0.11, selector: {app: web}, ports: [{port: 81, targetPort: 8080, nodePort: 30081}]},
     status: {loadBalancer: {ingress: [{ip: 192.168.0.100}]}}})";
  return cluster;
}

TEST(ScenarioTest, InModeIpvsServicesOnOneBalancerMustAgreeAboutPassThrough) {
  const std::string probe = "to: service default/web";
  ExpectError(probe, probe, "Service default/web: .*pass-through.: in mode ipvs all Services",
              TwoOnOneBalancer("ipvs"));
  const auto scenario = Parse(ScenarioOf(TwoOnOneBalancer("iptables"), kOneProbe));
  EXPECT_TRUE(scenario.ok()) << scenario.status();
}

TEST(ScenarioTest, FieldsThatAreNotThereAreRefused) {
  ExpectError("expect: ok", "expects: ok", "probes\\[0\\]\\.expects: no such field");
  ExpectError("kind: shared", "kind: free", "loadBalancers\\[0\\]\\.kind: 'free' is none of");
  ExpectError("address: 192.168.0.12", "address: 1.2.3", "nodes\\[1\\]\\.address: ");
  ExpectError("model: vpc", "model: moon", "network\\.model: 'moon' is none of");
}

TEST(ScenarioTest, TextThatIsNoScenarioIsRefused) {
  for (const char* text : {"", "a: [", "- 1", "format: other/v1", "--- 1\n--- 2\n"}) {
    const auto scenario = Parse(text);
    ASSERT_FALSE(scenario.ok()) << text;
    EXPECT_THAT(std::string(scenario.status().message()), testing::StartsWith("test.yaml:"));
  }
}

// An example of examples/cluster, run in software.
ScenarioReport RunExample(const std::string& name) {
  std::ifstream file(std::string(POINTSMAN_CLUSTER_EXAMPLES) + "/" + name);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto scenario = Parse(text);
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  if (!scenario.ok()) return {};
  auto report =
      RunScenario(*scenario, [](const NodeSetup&) -> absl::StatusOr<std::unique_ptr<Datapath>> {
        return OpenSoftwareDatapath();
      });
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : ScenarioReport();
}

TEST(ScenarioTest, LocalPolicyExampleIsAsWritten) {
  const ScenarioReport report = RunExample("local-policy.yaml");
  for (const ProbeReport& probe : report.probes) EXPECT_EQ(probe.wrong, "") << probe.asked.to.text;
  EXPECT_EQ(report.probes.size(), 7u);
}

// Every connection goes through, even over the nodes under policy Cluster; under policy Local nodes
// get the same however many endpoints they have, so that endpoints do not.
TEST(ScenarioTest, ManyServicesSpreadAsTheirPolicySays) {
  const std::clock_t before = std::clock();
  const ScenarioReport report = RunExample("many-services.yaml");
  const double cpu_seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  RecordProperty("cpu_seconds", std::to_string(cpu_seconds));
  ASSERT_EQ(report.loads.size(), 2u);
  const LoadReport& cluster = report.loads[0];
  const LoadReport& local = report.loads[1];
  for (const LoadReport& load : report.loads) {
    EXPECT_EQ(load.connections, 50'000);
    EXPECT_EQ(load.failed, 0) << load.first_failure;
    EXPECT_EQ(load.nodes.size(), 50u);
  }
  EXPECT_LT(static_cast<double>(cluster.per_node.most), 1.15 * cluster.per_node.mean);
  EXPECT_GT(static_cast<double>(cluster.per_node.least), 0.85 * cluster.per_node.mean);
  EXPECT_LT(static_cast<double>(cluster.per_endpoint.most), 3 * cluster.per_endpoint.mean);
  EXPECT_GT(static_cast<double>(local.per_endpoint.most),
            1.5 * static_cast<double>(cluster.per_endpoint.most) * 0.8);
}

TEST(ScenarioTest, ARolloutUnderPolicyLocalBreaksNoConnectionToALivingPod) {
  const ScenarioReport report = RunExample("rollout.yaml");
  ASSERT_EQ(report.rollouts.size(), 1u);
  const RolloutReport& rollout = report.rollouts.front();
  EXPECT_TRUE(rollout.ok()) << rollout.first_wrong;
  EXPECT_EQ(rollout.pods, 30);
  EXPECT_EQ(rollout.connections, 10'000);
  EXPECT_EQ(rollout.broken, 0);
  EXPECT_EQ(rollout.ended, 10'000);
  EXPECT_EQ(rollout.failed_by_balancer, 0);
  EXPECT_EQ(rollout.failed_with_endpoint, 0);
  EXPECT_GT(rollout.failed_without_endpoint, 0);
  EXPECT_EQ(rollout.reached_without_endpoint, 0);
  EXPECT_EQ(rollout.wrong_targets, 0);
  EXPECT_LT(rollout.least_targets, rollout.most_targets);
}

}  // namespace
}  // namespace pointsman::cluster
