#include "host/services/served_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using kube::IpFamily;
using test::Cidr;
using test::Ip;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ServedPortsTest, TakesWhatIsOfTheFamily) {
  kube::Service service = test::EveryAddressService();
  service.cluster_ips = {Ip("172.30.0.41"), Ip("fd00:10:96::41")};
  service.external_ips = {Ip("192.168.99.11"), Ip("2001:db8::99")};
  service.load_balancer_ingress = {{.ip = Ip("1.2.3.4"), .hostname = ""},
                                   {.ip = Ip("2001:db8::4"), .hostname = ""},
                                   {.ip = std::nullopt, .hostname = "lb.example.com"}};
  service.load_balancer_source_ranges = {Cidr("203.0.113.0/25"), Cidr("2600:5200::/32")};
  ServedPort ipv4;
  ipv4.service = "ns1/svc1";
  ipv4.name = "p80";
  ipv4.cluster_ip = Ip("172.30.0.41");
  ipv4.port = 80;
  ipv4.node_port = 3001;
  ipv4.external_ips = {Ip("192.168.99.11")};
  ipv4.load_balancer_ips = {Ip("1.2.3.4")};
  ipv4.source_ranges = {Cidr("203.0.113.0/25")};
  ServedPort ipv6 = ipv4;
  ipv6.cluster_ip = Ip("fd00:10:96::41");
  ipv6.external_ips = {Ip("2001:db8::99")};
  ipv6.load_balancer_ips = {Ip("2001:db8::4")};
  ipv6.source_ranges = {Cidr("2600:5200::/32")};
  EXPECT_THAT(ServedPorts(service, IpFamily::kIPv4), ElementsAre(ipv4));
  EXPECT_THAT(ServedPorts(service, IpFamily::kIPv6), ElementsAre(ipv6));
}

TEST(ServedPortsTest, NothingWithoutAClusterIpOfTheFamily) {
  EXPECT_THAT(ServedPorts(test::EveryAddressService(), IpFamily::kIPv6), IsEmpty());
}

TEST(ServedPortsTest, IngressOfModeProxyIsNotServed) {
  kube::Service service = test::EveryAddressService();
  service.load_balancer_ingress[0].ip_mode = kube::IpMode::kProxy;
  EXPECT_THAT(ServedPorts(service, IpFamily::kIPv4)[0].load_balancer_ips, IsEmpty());
}

TEST(ServedPortsTest, Policies) {
  kube::Service service = test::EveryAddressService();
  EXPECT_FALSE(ServedPorts(service, IpFamily::kIPv4)[0].internal_local);
  EXPECT_FALSE(ServedPorts(service, IpFamily::kIPv4)[0].external_local);
  service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
  EXPECT_TRUE(ServedPorts(service, IpFamily::kIPv4)[0].internal_local);
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  EXPECT_TRUE(ServedPorts(service, IpFamily::kIPv4)[0].external_local);
}

TEST(ServedPortsTest, ExternalPolicyCountsForServicesMeantForOutside) {
  kube::Service service = test::ClusterIpService("svc1", "172.30.0.41", {test::TcpPort("", 80)});
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  EXPECT_FALSE(ServedPorts(service, IpFamily::kIPv4)[0].external_local);
  service.external_ips = {Ip("192.168.99.11")};
  EXPECT_TRUE(ServedPorts(service, IpFamily::kIPv4)[0].external_local);
  service.external_ips.clear();
  service.type = kube::ServiceType::kNodePort;
  EXPECT_TRUE(ServedPorts(service, IpFamily::kIPv4)[0].external_local);
}

TEST(ServedPortsTest, AffinityHasATimeout) {
  kube::Service service = test::EveryAddressService();
  service.session_affinity_timeout_seconds = 30;
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4)[0].affinity_seconds, 0u);
  service.session_affinity = kube::SessionAffinity::kClientIp;
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4)[0].affinity_seconds, 30u);
}

TEST(ServedPortsTest, HealthCheckPortOfLoadBalancersWithPolicyLocal) {
  kube::Service service = test::EveryAddressService();
  service.health_check_node_port = 30000;
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4)[0].health_check_node_port, 0);
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4)[0].health_check_node_port, 30000);
  service.type = kube::ServiceType::kNodePort;
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4)[0].health_check_node_port, 0);
}

TEST(ServedPortsTest, ServicesThatAreNotServed) {
  const struct {
    const char* why;
    void (*change)(kube::Service&);
  } cases[] = {
      {"headless", [](kube::Service& s) { s.headless = true; }},
      {"headless",
       [](kube::Service& s) { s.metadata.labels["service.kubernetes.io/headless"] = ""; }},
      {"ExternalName", [](kube::Service& s) { s.type = kube::ServiceType::kExternalName; }},
      {"left to proxy \"other\"",
       [](kube::Service& s) {
         s.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other";
       }},
      {"left to proxy \"\"",
       [](kube::Service& s) {
         s.metadata.labels["service.kubernetes.io/service-proxy-name"] = "";
       }},
  };
  EXPECT_EQ(WhyNotServed(test::EveryAddressService()), "");
  for (const auto& test_case : cases) {
    kube::Service service = test::EveryAddressService();
    test_case.change(service);
    EXPECT_THAT(WhyNotServed(service), HasSubstr(test_case.why));
    EXPECT_THAT(ServedPorts(service, IpFamily::kIPv4), IsEmpty()) << test_case.why;
  }
}

TEST(WhyNotServedTest, AProxyWithANameServesTheServicesThatNameIt) {
  kube::Service service = test::EveryAddressService();
  EXPECT_THAT(WhyNotServed(service, "canary"), HasSubstr("left to the usual proxy"));
  EXPECT_THAT(ServedPorts(service, IpFamily::kIPv4, "canary"), IsEmpty());
  service.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other";
  EXPECT_THAT(WhyNotServed(service, "canary"), HasSubstr("left to proxy \"other\""));
  service.metadata.labels["service.kubernetes.io/service-proxy-name"] = "canary";
  EXPECT_EQ(WhyNotServed(service, "canary"), "");
  EXPECT_EQ(ServedPorts(service, IpFamily::kIPv4, "canary"),
            ServedPorts(test::EveryAddressService(), IpFamily::kIPv4));
  service.headless = true;
  EXPECT_EQ(WhyNotServed(service, "canary"), "headless");
}

TEST(ServedPortTest, FacesOutside) {
  ServedPort port;
  EXPECT_FALSE(port.FacesOutside());
  port.node_port = 3001;
  EXPECT_TRUE(port.FacesOutside());
  port = {};
  port.external_ips = {Ip("192.168.99.11")};
  EXPECT_TRUE(port.FacesOutside());
  port = {};
  port.load_balancer_ips = {Ip("1.2.3.4")};
  EXPECT_TRUE(port.FacesOutside());
}

TEST(ServedPortTest, WhichPoliciesItsTrafficGoesBy) {
  const struct {
    bool internal_local;
    bool external_local;
    bool outside;
    bool uses_cluster;
    bool uses_local;
  } cases[] = {{false, false, false, true, false}, {true, false, false, false, true},
               {true, false, true, true, true},    {false, true, true, true, true},
               {false, true, false, true, false},  {true, true, false, false, true}};
  for (const auto& test_case : cases) {
    ServedPort port;
    port.internal_local = test_case.internal_local;
    port.external_local = test_case.external_local;
    if (test_case.outside) port.node_port = 3001;
    EXPECT_EQ(port.UsesClusterEndpoints(), test_case.uses_cluster);
    EXPECT_EQ(port.UsesLocalEndpoints(), test_case.uses_local);
  }
}

TEST(ServedPortTest, FullName) {
  ServedPort port;
  port.service = "ns1/svc1";
  EXPECT_EQ(port.FullName(), "ns1/svc1");
  port.name = "http";
  EXPECT_EQ(port.FullName(), "ns1/svc1:http");
}

}  // namespace
}  // namespace pointsman
