#include "host/services/forwarding_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/services/endpoint_weights.h"
#include "host/services/local_pods.h"
#include "host/services/table_values.h"
#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::ClusterIpService;
using test::EndpointAt;
using test::Ip;
using test::SliceOf;
using test::State;
using test::TcpPort;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Names(const Forwarding& forwarding) {
  std::vector<std::string> names;
  for (const Frontend& frontend : forwarding.frontends) names.push_back(frontend.name);
  return names;
}

const Frontend* Find(const Forwarding& forwarding, std::string_view address, uint16_t port) {
  for (const Frontend& frontend : forwarding.frontends) {
    if (frontend.address == TableAddress(Ip(address)) && frontend.port == port) return &frontend;
  }
  return nullptr;
}

std::vector<Address> Addresses(const FrontendHalf& half) {
  std::vector<Address> addresses;
  for (const Backend& backend : half.endpoints) addresses.push_back(backend.address);
  return addresses;
}

Address At(std::string_view address) { return TableAddress(Ip(address)); }

TEST(BuildForwardingTest, NothingToServe) {
  const ServiceForwarding built = BuildForwarding(kube::ObjectSet(), test::Facts());
  EXPECT_THAT(built.forwarding.frontends, IsEmpty());
  EXPECT_THAT(built.services, IsEmpty());
  EXPECT_THAT(built.problems, IsEmpty());
  EXPECT_EQ(built.forwarding.sources.size(), 6u);
  EXPECT_EQ(built.forwarding.masquerade_address, At("192.168.0.2").v4());
  EXPECT_EQ(built.forwarding.masquerade_address_v6, At("2001:db8::1"));
  EXPECT_EQ(built.forwarding.gateway,
            (NextHop{Port::kUplink, kDefaultGatewayMac, kDefaultNodeMac}));
}

TEST(BuildForwardingTest, ExternalPolicyLocal) {
  kube::Service service = test::EveryAddressService();
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  const kube::EndpointSlice slice =
      SliceOf("svc1", "svc1-1", "p80",
              {EndpointAt("10.180.0.1", "other-node"), EndpointAt("10.180.2.1", "test-node")});
  const ServiceForwarding built = BuildForwarding(test::Objects({service, slice}), test::Facts());
  EXPECT_THAT(Names(built.forwarding),
              ElementsAre("ns1/svc1:p80 LoadBalancer", "ns1/svc1:p80 ClusterIP",
                          "ns1/svc1:p80 NodePort", "ns1/svc1:p80 ExternalIP"));
  const struct {
    const char* address;
    uint16_t port;
  } external[] = {{"1.2.3.4", 80}, {"192.168.99.11", 80}, {"192.168.0.2", 3001}};
  for (const auto& at : external) {
    const Frontend* frontend = Find(built.forwarding, at.address, at.port);
    ASSERT_NE(frontend, nullptr) << at.address;
    EXPECT_THAT(Addresses(frontend->outside), ElementsAre(At("10.180.2.1")));
    EXPECT_FALSE(frontend->outside.masquerade);
    EXPECT_THAT(Addresses(frontend->inside), ElementsAre(At("10.180.0.1"), At("10.180.2.1")));
    EXPECT_FALSE(frontend->inside.masquerade);
  }
  const Frontend* cluster_ip = Find(built.forwarding, "172.30.0.41", 80);
  ASSERT_NE(cluster_ip, nullptr);
  EXPECT_TRUE(cluster_ip->outside.masquerade);
  EXPECT_FALSE(cluster_ip->inside.masquerade);
  EXPECT_THAT(Addresses(cluster_ip->outside), ElementsAre(At("10.180.0.1"), At("10.180.2.1")));
}

TEST(BuildForwardingTest, HalvesWithoutEndpointsHoldNone) {
  kube::Service local = ClusterIpService("svc2", "172.30.0.42", {TcpPort("", 80)});
  local.internal_traffic_policy = kube::TrafficPolicy::kLocal;
  const kube::EndpointSlice remote =
      SliceOf("svc2", "svc2-1", "", {EndpointAt("10.180.0.1", "other-node")});
  const ServiceForwarding built =
      BuildForwarding(test::Objects({test::EveryAddressService(), local, remote}), test::Facts());
  const FrontendHalf rejects = {FrontendAction::kReject, false, {}};
  const FrontendHalf drops = {FrontendAction::kDrop, false, {}};
  ASSERT_EQ(built.forwarding.frontends.size(), 5u);
  for (const Frontend& frontend : built.forwarding.frontends) {
    const FrontendHalf& half = frontend.name == "ns1/svc2 ClusterIP" ? drops : rejects;
    EXPECT_EQ(frontend.outside, half) << frontend.name;
    EXPECT_EQ(frontend.inside, half) << frontend.name;
  }
}

TEST(BuildForwardingTest, EndpointsLeaveByTheirNextHop) {
  kube::Pod pod;
  pod.metadata.ns = "ns1";
  pod.metadata.name = "backend";
  pod.metadata.annotations = {
      {kNetworkStatusAnnotation, R"([{"ips": ["10.180.0.1"], "mac": "02:00:00:00:01:01"}])"}};
  pod.node_name = test::kNodeName;
  const kube::ObjectSet objects = test::Objects(
      {pod, ClusterIpService("svc1", "172.30.0.41", {TcpPort("", 80)}),
       SliceOf("svc1", "svc1-1", "",
               {EndpointAt("10.180.0.1", "test-node"), EndpointAt("192.168.0.2", "test-node"),
                EndpointAt("10.180.2.1", "other-node")})});
  const ServiceForwarding built = BuildForwarding(objects, test::Facts());
  ASSERT_EQ(built.forwarding.frontends.size(), 1u);
  EXPECT_THAT(
      built.forwarding.frontends[0].inside.endpoints,
      ElementsAre(
          Backend{At("10.180.0.1"),
                  8080,
                  {Port::kNode, MacAddress{0x020000000101}, kDefaultGatewayMac}},
          Backend{At("10.180.2.1"), 8080, {Port::kUplink, kDefaultGatewayMac, kDefaultNodeMac}},
          Backend{At("192.168.0.2"), 8080, {Port::kNode, kDefaultNodeMac, kDefaultGatewayMac}}));
}

TEST(BuildForwardingTest, FrontendsAreSorted) {
  kube::ServicePort udp = TcpPort("dns-udp", 53);
  udp.protocol = kube::Protocol::kUdp;
  kube::ServicePort sctp = TcpPort("dns-sctp", 53);
  sctp.protocol = kube::Protocol::kSctp;
  const kube::Service service =
      ClusterIpService("dns", "172.30.0.10", {sctp, udp, TcpPort("dns", 53), TcpPort("web", 9)});
  const ServiceForwarding built = BuildForwarding(
      test::Objects({service, ClusterIpService("z", "172.30.0.9", {TcpPort("", 80)})}),
      test::Facts());
  EXPECT_THAT(Names(built.forwarding),
              ElementsAre("ns1/z ClusterIP", "ns1/dns:web ClusterIP", "ns1/dns:dns ClusterIP",
                          "ns1/dns:dns-udp ClusterIP", "ns1/dns:dns-sctp ClusterIP"));
}

TEST(BuildForwardingTest, DualStack) {
  kube::Service service = ClusterIpService("web", "172.30.0.10", {TcpPort("", 80, 3001)});
  service.cluster_ips.push_back(Ip("fd00:10:96::10"));
  kube::EndpointSlice slice = SliceOf("web", "web-6", "", {EndpointAt("fd00:10::5", "test-node")});
  slice.address_type = kube::IpFamily::kIPv6;
  const ServiceForwarding built = BuildForwarding(
      test::Objects({service, slice, SliceOf("web", "web-4", "", {EndpointAt("10.0.0.1", "")})}),
      test::Facts());
  const Frontend* over_v6 = Find(built.forwarding, "fd00:10:96::10", 80);
  ASSERT_NE(over_v6, nullptr);
  EXPECT_THAT(Addresses(over_v6->inside), ElementsAre(At("fd00:10::5")));
  EXPECT_TRUE(IsForCard(*over_v6));
  EXPECT_NE(Find(built.forwarding, "2001:db8::1", 3001), nullptr);
  EXPECT_THAT(Addresses(Find(built.forwarding, "172.30.0.10", 80)->inside),
              ElementsAre(At("10.0.0.1")));
  EXPECT_THAT(built.forwarding.cluster_ips, ElementsAre(At("172.30.0.10"), At("fd00:10:96::10")));
}

TEST(BuildForwardingTest, ServiceRangesOfTheNodesFamilies) {
  NodeFacts facts = test::Facts();
  facts.service_cidrs = {test::Cidr("fd00:10:96::/112"), test::Cidr("172.30.0.0/16")};
  EXPECT_THAT(BuildForwarding({}, facts).forwarding.service_ranges,
              ElementsAre(TablePrefix(test::Cidr("172.30.0.0/16")),
                          TablePrefix(test::Cidr("fd00:10:96::/112"))));
  facts.primary_addresses = {Ip("192.168.0.2")};
  EXPECT_EQ(BuildForwarding({}, facts).forwarding.service_ranges.size(), 1u);
}

TEST(BuildForwardingTest, AffinityIsSharedByThePortsFrontends) {
  kube::Service service = test::EveryAddressService();
  service.session_affinity = kube::SessionAffinity::kClientIp;
  service.session_affinity_timeout_seconds = 300;
  const ServiceForwarding built = BuildForwarding(test::Objects({service}), test::Facts());
  for (const Frontend& frontend : built.forwarding.frontends) {
    EXPECT_EQ(frontend.affinity_seconds, 300u);
    EXPECT_EQ(frontend.affinity_group, "ns1/svc1:p80 TCP");
  }
}

TEST(BuildForwardingTest, WeightsComeFromPods) {
  kube::Pod pod;
  pod.metadata.ns = "ns1";
  pod.metadata.name = "big";
  pod.metadata.annotations = {{kWeightAnnotation, "7"}};
  pod.pod_ips = {Ip("10.0.0.1")};
  kube::Pod wrong = pod;
  wrong.metadata.name = "wrong";
  wrong.metadata.annotations = {{kWeightAnnotation, "-1"}};
  const ServiceForwarding built = BuildForwarding(
      test::Objects(
          {pod, wrong, ClusterIpService("a", "172.30.0.1", {TcpPort("", 80)}),
           SliceOf("a", "a-1", "", {EndpointAt("10.0.0.1", ""), EndpointAt("10.0.0.2", "")})}),
      test::Facts());
  const auto& endpoints = built.forwarding.frontends[0].inside.endpoints;
  ASSERT_EQ(endpoints.size(), 2u);
  EXPECT_EQ(endpoints[0].weight, 7);
  EXPECT_EQ(endpoints[1].weight, 1);
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_THAT(built.problems[0].ToString(), HasSubstr("Pod ns1/wrong: metadata.annotations"));
}

TEST(BuildForwardingTest, OfTwoWithOneAddressTheFirstByNameIsServed) {
  kube::Service a = ClusterIpService("a", "172.30.0.1", {TcpPort("http", 80)});
  kube::Service b = ClusterIpService("b", "172.30.0.2", {TcpPort("http", 80)});
  a.external_ips = b.external_ips = {Ip("192.168.99.11")};
  const ServiceForwarding built = BuildForwarding(test::Objects({b, a}), test::Facts());
  EXPECT_EQ(Find(built.forwarding, "192.168.99.11", 80)->name, "ns1/a:http ExternalIP");
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_EQ(built.problems[0].ToString(),
            "Service ns1/b: spec.externalIPs: 192.168.99.11 TCP port 80 is taken by ns1/a:http "
            "ExternalIP; port \"http\" is not served there");
  EXPECT_EQ(built.services[0].frontends.size(), 2u);
  EXPECT_EQ(built.services[1].frontends.size(), 1u);
}

TEST(BuildForwardingTest, NodePortsGiveWay) {
  const kube::Service a = ClusterIpService("a", "172.30.0.1", {TcpPort("http", 80, 3001)});
  kube::Service b = ClusterIpService("b", "172.30.0.2", {TcpPort("http", 3001)});
  b.external_ips = {Ip("192.168.0.2")};
  const ServiceForwarding built = BuildForwarding(test::Objects({a, b}), test::Facts());
  EXPECT_EQ(Find(built.forwarding, "192.168.0.2", 3001)->name, "ns1/b:http ExternalIP");
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_THAT(built.problems[0].ToString(), HasSubstr("Service ns1/a: spec.ports[].nodePort"));
}

TEST(BuildForwardingTest, AnAddressInTwoFieldsOfOneServiceIsNoProblem) {
  kube::Service service = test::EveryAddressService();
  service.external_ips = {Ip("1.2.3.4")};
  service.load_balancer_source_ranges = {test::Cidr("203.0.113.0/25")};
  const ServiceForwarding built = BuildForwarding(
      test::Objects({service, SliceOf("svc1", "a", "p80", {EndpointAt("10.0.0.1", "")})}),
      test::Facts());
  EXPECT_THAT(built.problems, IsEmpty());
  EXPECT_THAT(Find(built.forwarding, "1.2.3.4", 80)->source_ranges,
              ElementsAre(TablePrefix(test::Cidr("203.0.113.0/25"))));
}

TEST(BuildForwardingTest, ReportsEveryService) {
  kube::Service headless = ClusterIpService("headless", "172.30.0.1", {TcpPort("", 80)});
  headless.headless = true;
  headless.cluster_ips.clear();
  kube::Service sticky = ClusterIpService("sticky", "172.30.0.2", {TcpPort("", 80)});
  sticky.session_affinity = kube::SessionAffinity::kClientIp;
  kube::EndpointSlice more = SliceOf("sticky", "b", "metrics",
                                     {EndpointAt("10.0.0.1", "test-node", State::kUnready),
                                      EndpointAt("10.0.0.4", "test-node", State::kDraining)});
  const kube::ObjectSet objects = test::Objects(
      {headless, sticky, more,
       SliceOf("sticky", "a", "",
               {EndpointAt("10.0.0.1", "test-node"), EndpointAt("10.0.0.2", "other-node"),
                EndpointAt("10.0.0.3", "other-node", State::kUnready)})});
  const ServiceForwarding built = BuildForwarding(objects, test::Facts());
  ASSERT_EQ(built.services.size(), 2u);
  EXPECT_EQ(built.services[0].service.ToString(), "Service ns1/headless");
  EXPECT_EQ(built.services[0].not_served, "headless");
  EXPECT_THAT(built.services[0].frontends, IsEmpty());
  const ServiceReport& report = built.services[1];
  EXPECT_EQ(report.not_served, "");
  EXPECT_THAT(report.frontends,
              ElementsAre(FrontendReport{FrontendKind::kClusterIp, Ip("172.30.0.2"), 80,
                                         kube::Protocol::kTcp, ""}));
  EXPECT_EQ(report.endpoints, (EndpointCounts{.total = 4, .ready = 2, .local = 1}));
  ASSERT_EQ(report.limitations.size(), 1u);
  EXPECT_EQ(report.limitations[0].what, "sessionAffinity: ClientIP");
}

TEST(BuildForwardingTest, NoPrimaryAddressNoFrontends) {
  NodeFacts facts = test::Facts();
  facts.primary_addresses = {Ip("2001:db8::1")};
  const ServiceForwarding built =
      BuildForwarding(test::Objects({test::EveryAddressService()}), facts);
  EXPECT_THAT(built.forwarding.frontends, IsEmpty());
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_THAT(built.problems[0].ToString(), HasSubstr("Node test-node: status.addresses"));
}

}  // namespace
}  // namespace pointsman
