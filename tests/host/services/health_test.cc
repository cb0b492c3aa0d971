#include "host/services/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using kube::IpFamily;
using nlohmann::json;
using test::Cidr;
using test::EndpointAt;
using test::Ip;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(HealthCheckAddressesTest, NodePortAddressesAndLoopback) {
  NodeFacts facts = test::Facts();
  EXPECT_THAT(HealthCheckAddresses(facts, IpFamily::kIPv4), ElementsAre(Ip("192.168.0.2")));
  facts.node_port_addresses = {Cidr("192.168.1.0/24"), Cidr("127.0.0.0/8")};
  EXPECT_THAT(HealthCheckAddresses(facts, IpFamily::kIPv4),
              ElementsAre(Ip("192.168.1.2"), Ip("127.0.0.1")));
  EXPECT_THAT(HealthCheckAddresses(facts, IpFamily::kIPv6), IsEmpty());
  facts.node_port_addresses = {Cidr("0.0.0.0/0"), Cidr("::/0")};
  EXPECT_THAT(HealthCheckAddresses(facts, IpFamily::kIPv4), ElementsAre(Ip("0.0.0.0")));
  EXPECT_THAT(HealthCheckAddresses(facts, IpFamily::kIPv6), ElementsAre(Ip("::")));
}

kube::Service LocalService() {
  kube::Service service = test::EveryAddressService();
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  service.health_check_node_port = 30000;
  return service;
}

TEST(HealthCheckPortsTest, CountsReadyEndpointsOfThisNode) {
  const auto slice =
      test::SliceOf("svc1", "a", "p80",
                    {EndpointAt("10.0.0.1", test::kNodeName), EndpointAt("10.0.0.2", "other"),
                     EndpointAt("10.0.0.3", test::kNodeName, test::State::kDraining)});
  const auto ports = HealthCheckPorts(test::Objects({LocalService(), slice}), test::Facts());
  const HealthCheckPort expected{
      {kube::Kind::kService, "ns1", "svc1"}, 30000, {Ip("192.168.0.2")}, 1};
  EXPECT_THAT(ports, ElementsAre(expected));
}

TEST(HealthCheckPortsTest, AServiceOfTwoFamiliesHasAPortInEach) {
  kube::Service service = LocalService();
  service.cluster_ips.push_back(Ip("fd00:10:96::41"));
  const auto slice = test::SliceOf("svc1", "a", "p80", {EndpointAt("10.0.0.1", test::kNodeName)});
  const auto ports = HealthCheckPorts(test::Objects({service, slice}), test::Facts());
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[0].local_endpoints, 1);
  EXPECT_THAT(ports[1].addresses, ElementsAre(Ip("2001:db8::1")));
  EXPECT_EQ(ports[1].local_endpoints, 0);
}

TEST(AnswerForTest, EndpointsAndAProxyThatIsWell) {
  const struct {
    int endpoints;
    bool proxy_healthy;
    int status;
  } cases[] = {{2, true, 200}, {0, true, 503}, {2, false, 503}};
  for (const auto& test_case : cases) {
    const HealthCheckPort port{
        {kube::Kind::kService, "ns1", "svc1"}, 30000, {}, test_case.endpoints};
    const HealthAnswer answer = AnswerFor(port, test_case.proxy_healthy);
    EXPECT_EQ(answer.status, test_case.status);
    EXPECT_EQ(json::parse(answer.body), json({{"service", {{"namespace", "ns1"}, {"name", "svc1"}}},
                                              {"localEndpoints", test_case.endpoints},
                                              {"serviceProxyHealthy", test_case.proxy_healthy}}));
    EXPECT_THAT(answer.headers, Contains(Pair("X-Load-Balancing-Endpoint-Weight",
                                              std::to_string(test_case.endpoints))));
    EXPECT_THAT(answer.headers, Contains(Pair("X-Content-Type-Options", "nosniff")));
  }
}

TEST(IsNodeEligibleTest, NeitherTaintedNorDeleted) {
  kube::Node node;
  EXPECT_FALSE(IsNodeEligible(nullptr));
  EXPECT_TRUE(IsNodeEligible(&node));
  node.taints = {{.key = "other", .value = "", .effect = ""}};
  EXPECT_TRUE(IsNodeEligible(&node));
  node.taints.push_back({.key = "ToBeDeletedByClusterAutoscaler", .value = "", .effect = ""});
  EXPECT_FALSE(IsNodeEligible(&node));
  node.taints.clear();
  node.metadata.deletion_timestamp = kStart;
  EXPECT_FALSE(IsNodeEligible(&node));
}

TEST(ProxyHealthTest, AChangeThatWaitsTooLongIsLate) {
  ProxyHealth health(absl::Seconds(10));
  health.Synced(IpFamily::kIPv4, kStart);
  health.Queued(IpFamily::kIPv4, kStart);
  health.Queued(IpFamily::kIPv4, kStart + absl::Seconds(8));  // the first one counts
  EXPECT_TRUE(health.IsHealthy(kStart + absl::Seconds(9)));
  EXPECT_FALSE(health.IsHealthy(kStart + absl::Seconds(10)));
  health.Synced(IpFamily::kIPv6, kStart + absl::Seconds(11));
  EXPECT_FALSE(health.IsHealthy(kStart + absl::Seconds(11)));
  health.Synced(IpFamily::kIPv4, kStart + absl::Seconds(12));
  EXPECT_TRUE(health.IsHealthy(kStart + absl::Hours(1)));
}

TEST(ProxyHealthTest, AFamilyThatStartsUpIsWell) {
  ProxyHealth health(absl::Seconds(10));
  health.Queued(IpFamily::kIPv4, kStart);
  EXPECT_TRUE(health.IsHealthy(kStart + absl::Hours(1)));
}

TEST(ProxyHealthTest, TellsEachFamily) {
  ProxyHealth health(absl::Seconds(10));
  health.Synced(IpFamily::kIPv4, kStart);
  health.Synced(IpFamily::kIPv6, kStart + absl::Seconds(5));
  health.Queued(IpFamily::kIPv4, kStart + absl::Seconds(10));
  const HealthAnswer late = health.Answer(kStart + absl::Seconds(20), true);
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(json::parse(late.body), json::parse(R"({"lastUpdated": "2023-11-14T22:13:25Z",
                            "currentTime": "2023-11-14T22:13:40Z",
                            "nodeEligible": true, "healthy": false,
                            "status": {"IPv4": {"lastUpdated": "2023-11-14T22:13:20Z",
                                                "healthy": false},
                                       "IPv6": {"lastUpdated": "2023-11-14T22:13:25Z",
                                                "healthy": true}}})"));
}

TEST(ProxyHealthTest, TheNodeMattersWhereItIsAskedFor) {
  const ProxyHealth health(absl::Seconds(10));
  const HealthAnswer live = health.Answer(kStart, std::nullopt);
  EXPECT_EQ(live.status, 200);
  EXPECT_EQ(json::parse(live.body), json::parse(R"({"lastUpdated": "2023-11-14T22:13:20Z",
      "currentTime": "2023-11-14T22:13:20Z", "healthy": true})"));
  const HealthAnswer leaving = health.Answer(kStart, false);
  EXPECT_EQ(leaving.status, 503);
  EXPECT_EQ(json::parse(leaving.body)["lastUpdated"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(json::parse(leaving.body)["nodeEligible"], false);
  EXPECT_EQ(json::parse(leaving.body)["healthy"], true);
}

}  // namespace
}  // namespace pointsman
