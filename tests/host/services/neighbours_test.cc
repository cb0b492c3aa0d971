#include "host/services/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/services/table_values.h"
#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Cidr;
using test::Ip;
using testing::ElementsAre;

constexpr MacAddress kPodMac{0x020000000101};
constexpr NextHop kToGateway = {Port::kUplink, kDefaultGatewayMac, kDefaultNodeMac};
constexpr NextHop kToNode = {Port::kNode, kDefaultNodeMac, kDefaultGatewayMac};
constexpr NextHop kToPod = {Port::kNode, kPodMac, kDefaultGatewayMac};

TEST(NeighboursTest, NextHops) {
  const NodeFacts facts = test::Facts();
  const PodMacs pods = {{Ip("10.0.1.1"), kPodMac}};
  const Neighbours neighbours(facts, pods);
  const struct {
    const char* address;
    NextHop next_hop;
  } cases[] = {
      {"192.168.0.2", kToNode},    {"192.168.1.2", kToNode},
      {"10.0.1.1", kToPod},        {"10.0.1.2", kToGateway},  // a pod without a known MAC
      {"203.0.113.2", kToGateway},
  };
  for (const auto& test_case : cases) {
    EXPECT_EQ(neighbours.Towards(Ip(test_case.address)), test_case.next_hop) << test_case.address;
  }
  EXPECT_EQ(neighbours.Gateway(), kToGateway);
}

TEST(NeighboursTest, SourcesByPrefix) {
  NodeFacts facts = test::Facts();
  facts.pod_cidrs = {Cidr("10.1.0.0/16"), Cidr("10.0.0.0/16"), Cidr("10.1.0.0/16"),
                     Cidr("fd00:10::/64")};
  const PodMacs pods = {{Ip("10.0.0.0"), kPodMac}, {Ip("172.16.0.1"), kPodMac}};
  const auto at = [](const char* text) { return TablePrefix(Cidr(text)); };
  EXPECT_THAT(Neighbours(facts, pods).Sources(),
              ElementsAre(Source{at("10.0.0.0/16"), ClientClass::kLocalPod, kToGateway},
                          Source{at("10.0.0.0/32"), ClientClass::kLocalPod, kToPod},
                          Source{at("10.1.0.0/16"), ClientClass::kLocalPod, kToGateway},
                          Source{at("172.16.0.1/32"), ClientClass::kOutside, kToPod},
                          Source{at("192.168.0.2/32"), ClientClass::kNode, kToNode},
                          Source{at("192.168.1.2/32"), ClientClass::kNode, kToNode},
                          Source{at("2001:db8::1/128"), ClientClass::kNode, kToNode},
                          Source{at("2001:db8:1::2/128"), ClientClass::kNode, kToNode},
                          Source{at("fd00:10::/64"), ClientClass::kLocalPod, kToGateway}));
}

TEST(NeighboursTest, AnAddressOfTheNodeIsNoPod) {
  NodeFacts facts = test::Facts();
  facts.primary_addresses = {Ip("10.0.0.1")};
  facts.other_addresses.clear();
  facts.pod_cidrs = {Cidr("10.0.0.1/32")};
  const PodMacs pods = {{Ip("10.0.0.1"), kPodMac}};
  EXPECT_THAT(Neighbours(facts, pods).Sources(),
              ElementsAre(Source{TablePrefix(Cidr("10.0.0.1/32")), ClientClass::kNode, kToNode}));
}

TEST(NeighboursTest, RoutesLeadToOtherNodesPods) {
  NodeFacts facts = test::Facts();
  facts.routes = {{Cidr("10.0.2.128/25"), MacAddress{4}}, {Cidr("10.0.2.0/24"), MacAddress{3}}};
  facts.pod_cidrs = {Cidr("10.0.1.0/24"), Cidr("10.0.2.0/24")};
  const PodMacs no_pods;
  const Neighbours neighbours(facts, no_pods);
  EXPECT_EQ(neighbours.Towards(Ip("10.0.2.200")).destination_mac, MacAddress{4});
  EXPECT_EQ(neighbours.Towards(Ip("10.0.2.1")).destination_mac, MacAddress{3});
  EXPECT_EQ(neighbours.Towards(Ip("10.0.3.1")), neighbours.Gateway());
  const std::vector<Source> sources = neighbours.Sources();
  const auto to_pods =
      std::ranges::find(sources, TablePrefix(Cidr("10.0.2.0/24")), &Source::prefix);
  ASSERT_NE(to_pods, sources.end());
  EXPECT_EQ(to_pods->next_hop.destination_mac, MacAddress{3});
}

}  // namespace
}  // namespace pointsman
