// What docs/services.md says, statement by statement: each names its test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "tests/sim/cluster/scenario_support.h"

namespace pointsman::cluster {
namespace {

constexpr char kNodePortLocal[] = "type: NodePort\nexternalTrafficPolicy: Local";
constexpr char kNodePortCluster[] = "type: NodePort";
constexpr char kBalancedLocal[] =
    "type: LoadBalancer\nexternalTrafficPolicy: Local\nhealthCheckNodePort: 30180";
constexpr char kBalancedCluster[] = "type: LoadBalancer";
constexpr char kOnShared[] = "{loadBalancer: {ingress: [{ip: 192.168.0.100}]}}";
constexpr char kOnDedicated[] = "{loadBalancer: {ingress: [{ip: 192.168.0.101}]}}";
constexpr char kPassThrough[] = R"({kubernetes.io/elb.pass-through: "true"})";

SmallCluster Cluster(const char* mode, const char* model, const char* spec,
                     const char* status = "{}", const char* annotations = "{}") {
  SmallCluster cluster;
  cluster.mode = mode;
  cluster.model = model;
  cluster.service_spec = spec;
  cluster.service_status = status;
  cluster.service_annotations = annotations;
  return cluster;
}

constexpr const char* kModes[] = {"iptables", "ipvs", "pointsman"};
constexpr const char* kModels[] = {"vpc", "tunnel"};

// ---- types ----

TEST(ServicesTest, ClusterIpIsReachedFromPodsAndNodesOfTheCluster) {
  for (const char* mode : kModes) {
    ExpectAsWritten(Cluster(mode, "vpc", "type: ClusterIP"), R"(
  - {from: pod default/on-a, to: service default/web, expect: ok}
  - {from: pod default/on-b, to: service default/web, expect: ok}
  - {from: node node-a, to: service default/web, expect: ok}
  - {from: client laptop, to: "10.96.0.10:80", expect: fail, reason: no public address}
)");
  }
}

TEST(ServicesTest, PodsKeepTheirAddressAtAClusterIp) {
  ExpectAsWritten(Cluster("pointsman", "vpc", "type: ClusterIP"), R"(
  - {from: pod default/on-a, to: service default/web, expect: ok, source: 10.244.1.20}
)");
}

TEST(ServicesTest, AServiceWithoutEndpointsRefuses) {
  SmallCluster cluster;
  cluster.selector = "{app: nobody}";
  ExpectAsWritten(cluster, R"(
  - {from: pod default/on-a, to: service default/web, expect: fail, reason: refused}
)");
}

TEST(ServicesTest, NodePortIsReachedAtEveryNodeFromOutside) {
  for (const char* mode : kModes) {
    for (const char* model : kModels) {
      ExpectAsWritten(Cluster(mode, model, kNodePortCluster), R"(
  - {from: client laptop, to: "node node-a:30080", address: public, expect: ok}
  - {from: client laptop, to: "node node-b:30080", address: public, expect: ok}
)");
    }
  }
}

TEST(ServicesTest, LoadBalancerIsReachedFromOutside) {
  for (const char* mode : kModes) {
    for (const char* model : kModels) {
      ExpectAsWritten(Cluster(mode, model, kBalancedCluster, kOnShared), R"(
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok}
)");
    }
  }
}

// ---- policies ----

TEST(ServicesTest, PolicyClusterHidesTheClient) {
  ExpectAsWritten(Cluster("pointsman", "vpc", kNodePortCluster), R"(
  - {from: client laptop, to: "node node-a:30080", address: public, expect: ok, source: 192.168.0.11}
  - {from: client laptop, to: "node node-b:30080", address: public, expect: ok, source: 192.168.0.12}
)");
}

TEST(ServicesTest, PolicyLocalKeepsTheClientAndNeedsAnEndpointOnTheNode) {
  for (const char* mode : kModes) {
    ExpectAsWritten(Cluster(mode, "vpc", kNodePortLocal), R"(
  - {from: client laptop, to: "node node-b:30080", address: public, expect: ok, source: 198.51.100.7}
  - {from: client laptop, to: "node node-a:30080", address: public, expect: fail}
)");
  }
}

TEST(ServicesTest, LoadBalancersSendOnlyToNodesWhoseHealthCheckAnswers) {
  ExpectAsWritten(Cluster("pointsman", "vpc", kBalancedLocal, kOnShared), R"(
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok, source: 198.51.100.7}
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok, source: 198.51.100.7}
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok, source: 198.51.100.7}
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok, source: 198.51.100.7}
)");
}

// ---- mechanisms ----

TEST(ServicesTest, IptablesTakesTheShortCutForTheNodeAlone) {
  for (const char* model : kModels) {
    ExpectAsWritten(Cluster("iptables", model, kNodePortLocal), R"(
  - {from: node node-a, to: "node node-a:30080", expect: ok}
  - {from: pod default/on-a, to: "node node-a:30080", expect: fail, reason: no endpoint of the Service is on this node}
)");
  }
}

TEST(ServicesTest, IpvsFallsBackToAllEndpointsWithoutMasquerading) {
  ExpectAsWritten(Cluster("ipvs", "vpc", kNodePortLocal), R"(
  - {from: pod default/on-a, to: "node node-a:30080", expect: ok, source: 10.244.1.20}
  - {from: node node-a, to: "node node-c:30080", expect: fail, reason: reply from the wrong address}
)");
}

TEST(ServicesTest, TheUnderlayOfATunnelCarriesNoPodAddress) {
  ExpectAsWritten(Cluster("ipvs", "tunnel", kNodePortLocal), R"(
  - {from: node node-a, to: "node node-a:30080", expect: fail, reason: carries no pod's address}
)");
}

// Were the packet to leave for the balancer, another node might be the one that masquerades it.
TEST(ServicesTest, UnderPolicyClusterTheNodeAnswersForABalancersAddress) {
  for (const char* mode : kModes) {
    ExpectAsWritten(Cluster(mode, "vpc", kBalancedCluster, kOnShared), R"(
  - {from: node node-b, to: "balancer shared:80", expect: ok, source: 192.168.0.12}
  - {from: node node-c, to: "balancer shared:80", expect: ok, source: 192.168.0.13}
  - {from: pod default/on-a, to: "balancer shared:80", expect: ok, source: 192.168.0.11}
)");
  }
}

TEST(ServicesTest, UdpGoesTheSameWays) {
  SmallCluster cluster = Cluster("pointsman", "tunnel", kNodePortCluster);
  cluster.more_objects = R"(
  - {apiVersion: v1, kind: Service, metadata: {name: dns}, spec: {clusterIP: 10.96.0.53, selector: {app: dns}, ports: [{port: 53, protocol: UDP}]}}
  - {apiVersion: v1, kind: Pod, metadata: {name: dns, labels: {app: dns}},
     spec: {nodeName: node-c, containers: [{name: dns, ports: [{containerPort: 53, protocol: UDP}]}]},
     status: {phase: Running, podIP: 10.244.3.10, conditions: [{type: Ready, status: "True"}]}})";
  ExpectAsWritten(cluster, R"(
  - {from: pod default/on-a, to: "service default/dns:53", protocol: UDP, expect: ok, source: 10.244.1.20}
  - {from: pod default/on-a, to: "10.96.0.53:53", expect: fail}
)");
}

TEST(ServicesTest, ANodeDropsItsOwnAddressFromOutside) {
  ExpectAsWritten(Cluster("iptables", "vpc", kBalancedLocal, kOnShared), R"(
  - {from: node node-b, to: "balancer shared:80", expect: fail, reason: own source address}
  - {from: pod default/on-b, to: "balancer shared:80", expect: fail, reason: reverse path}
)");
}

TEST(ServicesTest, PodsOfOneVpcNodeTalkPastTheNode) {
  for (const char* mode : {"iptables", "ipvs"}) {
    ExpectAsWritten(Cluster(mode, "vpc", kNodePortLocal), R"(
  - {from: pod default/on-b, to: "node node-b:30080", expect: fail, reason: reply from the wrong address}
  - {from: pod default/on-b, to: service default/web, expect: ok, source: 192.168.0.12}
)");
    ExpectAsWritten(Cluster(mode, "tunnel", kNodePortLocal), R"(
  - {from: pod default/on-b, to: "node node-b:30080", expect: ok}
)");
  }
}

TEST(ServicesTest, PodsLeaveThePodNetworkAsTheirNode) {
  ExpectAsWritten(Cluster("pointsman", "tunnel", kNodePortLocal), R"(
  - {from: pod default/on-a, to: "node node-b:30080", expect: ok, source: 192.168.0.11}
)");
  ExpectAsWritten(Cluster("pointsman", "vpc", kNodePortLocal), R"(
  - {from: pod default/on-a, to: "node node-b:30080", expect: ok, source: 10.244.1.20}
)");
}

TEST(ServicesTest, PublicAddressesAreTranslatedAtTheGateway) {
  ExpectAsWritten(Cluster("iptables", "vpc", kNodePortLocal), R"(
  - {from: node node-b, to: "node node-b:30080", address: public, expect: ok, source: 203.0.113.12}
  - {from: node node-c, to: "node node-b:30080", address: public, expect: fail, reason: no public address}
)");
}

TEST(ServicesTest, PointsmanTakesTheShortCutForPodsAndTheNode) {
  ExpectAsWritten(Cluster("pointsman", "vpc", kBalancedLocal, kOnShared), R"(
  - {from: pod default/on-a, to: "node node-a:30080", expect: ok, source: 10.244.1.20}
  - {from: node node-a, to: "node node-a:30080", expect: ok}
  - {from: node node-b, to: "balancer shared:80", expect: ok}
  - {from: pod default/on-b, to: "balancer shared:80", expect: ok, source: 10.244.2.20}
)");
}

TEST(ServicesTest, OverATunnelPointsmanDoesNotMasqueradeTheNodeInTheShortCut) {
  ExpectAsWritten(Cluster("pointsman", "tunnel", kNodePortLocal), R"(
  - {from: node node-a, to: "node node-a:30080", expect: fail, reason: carries no pod's address}
)");
}

// ---- remedies ----

TEST(ServicesTest, PassThroughGoesOutToASharedBalancerAndBack) {
  for (const char* mode : kModes) {
    for (const char* model : kModels) {
      ExpectAsWritten(Cluster(mode, model, kBalancedLocal, kOnShared, kPassThrough), R"(
  - {from: node node-b, to: "balancer shared:80", expect: ok, source: 192.168.0.100}
  - {from: pod default/on-b, to: "balancer shared:80", expect: ok, source: 192.168.0.100}
  - {from: client laptop, to: "balancer shared:80", address: public, expect: ok, source: 198.51.100.7}
)");
    }
  }
}

TEST(ServicesTest, PassThroughDoesNotHelpAtADedicatedBalancerOnTheBackendsNode) {
  for (const char* mode : kModes) {
    for (const char* model : kModels) {
      ExpectAsWritten(Cluster(mode, model, kBalancedLocal, kOnDedicated, kPassThrough), R"(
  - {from: node node-b, to: "balancer dedicated:80", expect: fail}
  - {from: pod default/on-b, to: "balancer dedicated:80", expect: fail}
  - {from: node node-a, to: "balancer dedicated:80", expect: ok}
  - {from: pod default/on-a, to: "balancer dedicated:80", expect: ok}
)");
    }
  }
}

TEST(ServicesTest, IpModeProxyDoesWhatPassThroughDoes) {
  for (const char* mode : kModes) {
    ExpectAsWritten(Cluster(mode, "vpc", kBalancedLocal,
                            "{loadBalancer: {ingress: [{ip: 192.168.0.100, ipMode: Proxy}]}}"),
                    R"(
  - {from: node node-b, to: "balancer shared:80", expect: ok, source: 192.168.0.100}
  - {from: pod default/on-b, to: "balancer shared:80", expect: ok, source: 192.168.0.100}
)");
  }
}

TEST(ServicesTest, OnADedicatedBalancerTargetsMayBePods) {
  std::string text = ScenarioOf(Cluster("pointsman", "vpc", kBalancedLocal, kOnDedicated), R"(
  - {from: client laptop, to: "balancer dedicated:80", address: public, expect: ok, source: 198.51.100.7}
)");
  const std::string dedicated = "kind: dedicated, ";
  text.insert(text.find(dedicated) + dedicated.size(), "targets: pods, ");
  const auto scenario = Parse(text);
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  const auto report =
      RunScenario(*scenario, [](const NodeSetup&) -> absl::StatusOr<std::unique_ptr<Datapath>> {
        return OpenSoftwareDatapath();
      });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->probes.front().wrong, "");
  EXPECT_EQ(report->probes.front().result.connection->received.destination_port, 8080);
}

// ---- names ----

TEST(ServicesTest, NamesLeadToClusterIps) {
  ExpectAsWritten(Cluster("pointsman", "vpc", "type: ClusterIP"), R"(
  - {from: pod default/on-a, to: "name web.default.svc.cluster.local:80", expect: ok}
  - {from: pod default/on-a, to: "name nobody.default.svc.cluster.local:80", expect: fail, reason: no address}
)");
}

TEST(ServicesTest, NamesOfHeadlessServicesLeadToPods) {
  SmallCluster cluster;
  cluster.more_objects = R"(
  - {apiVersion: v1, kind: Service, metadata: {name: each}, spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}})";
  ExpectAsWritten(cluster, R"(
  - {from: pod default/on-a, to: "name each.default.svc.cluster.local:8080", expect: ok, source: 10.244.1.20}
)");
}

// ---- the page itself ----

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// All that the pattern's two groups match, as "first.second".
std::set<std::string> Matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (auto at = std::sregex_iterator(text.begin(), text.end(), regex);
       at != std::sregex_iterator(); ++at) {
    found.insert((*at)[1].str() + "." + (*at)[2].str());
  }
  return found;
}

TEST(ServicesDocTest, ThePageAndTheTestsNameEachOther) {
  std::set<std::string> there;
  for (const char* folder : {"sim/cluster", "host/dns", "host/services"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(POINTSMAN_TESTS_FOLDER) + "/" + folder)) {
      if (!entry.is_regular_file()) continue;
      there.merge(Matches(ReadAll(entry.path()), "TEST(?:_F)?\\(([A-Za-z]+), ([A-Za-z0-9]+)\\)"));
    }
  }
  const std::set<std::string> named =
      Matches(ReadAll(POINTSMAN_SERVICES_PAGE), "`([A-Z][A-Za-z]+Test)\\.([A-Za-z0-9]+)`");
  EXPECT_GT(named.size(), 30u);
  for (const std::string& test : named) EXPECT_TRUE(there.contains(test)) << test;
  for (const std::string& test : there) {
    EXPECT_TRUE(named.contains(test) || !test.starts_with("ServicesTest.")) << test;
  }
}

}  // namespace
}  // namespace pointsman::cluster
