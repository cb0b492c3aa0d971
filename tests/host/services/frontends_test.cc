#include "host/services/frontends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Cidr;
using test::Ip;
using testing::ElementsAre;

constexpr ClientRule kReject = {FrontendAction::kReject, false, EndpointScope::kCluster};
constexpr ClientRule kDrop = {FrontendAction::kDrop, false, EndpointScope::kCluster};
constexpr ClientRule kRejectLocal = {FrontendAction::kReject, false, EndpointScope::kLocal};
constexpr ClientRule kDropLocal = {FrontendAction::kDrop, false, EndpointScope::kLocal};
constexpr ClientRule kPlain = {FrontendAction::kForward, false, EndpointScope::kCluster};
constexpr ClientRule kMasqueraded = {FrontendAction::kForward, true, EndpointScope::kCluster};
constexpr ClientRule kPlainLocal = {FrontendAction::kForward, false, EndpointScope::kLocal};
constexpr ClientRule kMasqueradedLocal = {FrontendAction::kForward, true, EndpointScope::kLocal};

ServedPort EveryAddress() {
  ServedPort port;
  port.service = "ns1/svc1";
  port.cluster_ip = Ip("172.30.0.41");
  port.port = 80;
  port.node_port = 3001;
  port.external_ips = {Ip("192.168.99.11")};
  port.load_balancer_ips = {Ip("1.2.3.4")};
  return port;
}

// One endpoint of each scope, or none.
EndpointSets Sets(int cluster, int local, bool any) {
  const ServiceEndpoint endpoint = {.address = Ip("10.0.0.1"), .port = 80};
  EndpointSets sets;
  sets.cluster.assign(cluster, endpoint);
  sets.local.assign(local, endpoint);
  sets.any = any;
  return sets;
}

TEST(ServedAddressesTest, EveryKindAtItsAddressAndPort) {
  NodeFacts facts = test::Facts();
  facts.node_port_addresses = {Cidr("192.168.0.0/16")};
  const auto addresses = ServedAddresses(EveryAddress(), Sets(1, 0, true), facts);
  EXPECT_THAT(test::Texts(addresses),
              ElementsAre("172.30.0.41:80", "1.2.3.4:80", "192.168.99.11:80", "192.168.0.2:3001",
                          "192.168.1.2:3001"));
  std::vector<std::string_view> kinds;
  for (const ServedAddress& address : addresses) kinds.push_back(ToString(address.kind));
  EXPECT_THAT(kinds,
              ElementsAre("ClusterIP", "LoadBalancer", "ExternalIP", "NodePort", "NodePort"));
}

TEST(ServedAddressesTest, NoNodePortNoNodeAddress) {
  ServedPort port = EveryAddress();
  port.node_port = 0;
  EXPECT_EQ(ServedAddresses(port, Sets(1, 0, true), test::Facts()).size(), 3u);
}

TEST(ServedAddressesTest, ClusterIpRules) {
  NodeFacts no_pods = test::Facts();
  no_pods.pod_cidrs = {Cidr("fd00:10::/64")};
  NodeFacts all = no_pods;
  all.masquerade_all = true;
  const struct {
    const char* name;
    bool internal_local;
    EndpointSets sets;
    NodeFacts facts;
    ClientRule outside;
    ClientRule inside;
  } cases[] = {
      {"Cluster", false, Sets(1, 0, true), test::Facts(), kMasqueraded, kPlain},
      {"Cluster, pods cannot be told", false, Sets(1, 0, true), no_pods, kPlain, kPlain},
      {"Cluster, masquerade all", false, Sets(1, 0, true), all, kMasqueraded, kMasqueraded},
      {"Cluster, no endpoint", false, Sets(0, 0, false), test::Facts(), kReject, kReject},
      {"Local", true, Sets(0, 1, true), test::Facts(), kMasqueradedLocal, kPlainLocal},
      {"Local, all remote", true, Sets(0, 0, true), test::Facts(), kDropLocal, kDropLocal},
      {"Local, no endpoint", true, Sets(0, 0, false), test::Facts(), kRejectLocal, kRejectLocal},
  };
  for (const auto& test_case : cases) {
    ServedPort port = EveryAddress();
    port.internal_local = test_case.internal_local;
    const auto addresses = ServedAddresses(port, test_case.sets, test_case.facts);
    EXPECT_EQ(addresses[0].outside, test_case.outside) << test_case.name;
    EXPECT_EQ(addresses[0].inside, test_case.inside) << test_case.name;
  }
}

TEST(ServedAddressesTest, ExternalRules) {
  NodeFacts all = test::Facts();
  all.masquerade_all = true;
  const struct {
    const char* name;
    bool external_local;
    EndpointSets sets;
    NodeFacts facts;
    ClientRule outside;
    ClientRule inside;
  } cases[] = {
      {"Cluster", false, Sets(1, 0, true), test::Facts(), kMasqueraded, kMasqueraded},
      {"Cluster, no endpoint", false, Sets(0, 0, false), test::Facts(), kReject, kReject},
      {"Local", true, Sets(1, 1, true), test::Facts(), kPlainLocal, kPlain},
      {"Local, masquerade all", true, Sets(1, 1, true), all, kPlainLocal, kPlain},
      {"Local, all remote", true, Sets(1, 0, true), test::Facts(), kDropLocal, kPlain},
      {"Local, no endpoint", true, Sets(0, 0, false), test::Facts(), kRejectLocal, kReject},
  };
  for (const auto& test_case : cases) {
    ServedPort port = EveryAddress();
    port.external_local = test_case.external_local;
    const auto addresses = ServedAddresses(port, test_case.sets, test_case.facts);
    ASSERT_EQ(addresses.size(), 4u);
    for (size_t i = 1; i < addresses.size(); ++i) {
      EXPECT_EQ(addresses[i].outside, test_case.outside) << test_case.name;
      EXPECT_EQ(addresses[i].inside, test_case.inside) << test_case.name;
    }
  }
}

TEST(ServedAddressesTest, SourceRangesGuardLoadBalancerAddressesOnly) {
  ServedPort port = EveryAddress();
  port.source_ranges = {Cidr("203.0.113.0/25")};
  for (const ServedAddress& address : ServedAddresses(port, Sets(1, 0, true), test::Facts())) {
    const bool guarded = address.kind == FrontendKind::kLoadBalancer;
    EXPECT_EQ(address.source_ranges.empty(), !guarded) << ToString(address.kind);
  }
}

TEST(AllowedSourcesTest, OnlyRangesThatKeepSomebodyOut) {
  ServedPort port = EveryAddress();
  EXPECT_TRUE(AllowedSources(port, test::Facts()).empty());
  port.source_ranges = {Cidr("203.0.113.0/25"), Cidr("0.0.0.0/0")};
  EXPECT_TRUE(AllowedSources(port, test::Facts()).empty());
  port.source_ranges = {Cidr("203.0.113.0/25")};
  EXPECT_EQ(AllowedSources(port, test::Facts()), port.source_ranges);
}

TEST(AllowedSourcesTest, TheNodeMayHaveTheLoadBalancersAddress) {
  ServedPort port = EveryAddress();
  port.source_ranges = {Cidr("192.168.0.0/24")};
  std::vector<kube::IpPrefix> with_the_address = port.source_ranges;
  for (const auto& ip : port.load_balancer_ips) with_the_address.push_back(kube::IpPrefix::Of(ip));
  EXPECT_EQ(AllowedSources(port, test::Facts()), with_the_address);
}

}  // namespace
}  // namespace pointsman
