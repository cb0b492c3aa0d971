#include "host/services/node_facts.h"

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

kube::Node WholeNode() {
  kube::Node node;
  node.metadata.name = test::kNodeName;
  node.metadata.labels = {{"topology.kubernetes.io/zone", "zone-a"}};
  node.metadata.annotations = {{kGatewayMacAnnotation, "02:00:00:00:0a:01"},
                               {kNodeMacAnnotation, "02:00:00:00:0b:01"}};
  node.pod_cidrs = {Cidr("10.1.0.0/24")};
  node.addresses = {{"Hostname", "test-node"},
                    {"ExternalIP", "198.51.100.7"},
                    {"InternalIP", "192.168.0.2"},
                    {"InternalIP", "192.168.1.2"},
                    {"InternalIP", "2001:db8::1"}};
  return node;
}

kube::Node OtherNode() {
  kube::Node node;
  node.metadata.name = "other-node";
  node.pod_cidrs = {Cidr("10.2.0.0/24")};
  return node;
}

TEST(FactsFromNodeTest, ReadsEveryFact) {
  const auto noted =
      FactsFromNode(test::Objects({WholeNode(), OtherNode()}), test::kNodeName, NodeOverrides());
  ASSERT_TRUE(noted.ok()) << noted.status();
  const NodeFacts& facts = noted->facts;
  EXPECT_EQ(facts.name, test::kNodeName);
  EXPECT_EQ(facts.zone, "zone-a");
  EXPECT_THAT(facts.primary_addresses, ElementsAre(Ip("192.168.0.2"), Ip("2001:db8::1")));
  EXPECT_THAT(facts.other_addresses, ElementsAre(Ip("192.168.1.2")));
  // Nodes come by name: other-node, test-node.
  EXPECT_THAT(facts.pod_cidrs, ElementsAre(Cidr("10.2.0.0/24"), Cidr("10.1.0.0/24")));
  EXPECT_EQ(facts.gateway_mac.value, 0x020000000a01u);
  EXPECT_EQ(facts.node_mac.value, 0x020000000b01u);
  EXPECT_THAT(noted->notes, IsEmpty());
}

TEST(FactsFromNodeTest, NotesWhatItAssumes) {
  kube::Node node = WholeNode();
  node.metadata.annotations.clear();
  node.pod_cidrs.clear();
  const auto noted = FactsFromNode(test::Objects({node}), test::kNodeName, NodeOverrides());
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_EQ(noted->facts.gateway_mac, kDefaultGatewayMac);
  EXPECT_EQ(noted->facts.node_mac, kDefaultNodeMac);
  ASSERT_EQ(noted->notes.size(), 3u);
  EXPECT_THAT(noted->notes[0].ToString(), HasSubstr("Node test-node: no Node has IPv4"));
  EXPECT_THAT(noted->notes[1].ToString(), HasSubstr("gateway-mac: 02:00:00:00:00:01 is used"));
  EXPECT_THAT(noted->notes[2].ToString(), HasSubstr("node-mac: 02:00:00:00:00:02 is used"));
}

TEST(FactsFromNodeTest, TakesOverrides) {
  NodeOverrides overrides;
  overrides.other_addresses = {Ip("192.168.99.11")};
  overrides.pod_cidrs = {Cidr("10.0.0.0/8")};
  overrides.service_cidrs = {Cidr("172.30.0.0/16")};
  overrides.node_port_addresses = {Cidr("192.168.1.0/24")};
  overrides.masquerade_all = true;
  const auto noted = FactsFromNode(test::Objects({WholeNode()}), test::kNodeName, overrides);
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_THAT(noted->facts.other_addresses, ElementsAre(Ip("192.168.1.2"), Ip("192.168.99.11")));
  EXPECT_EQ(noted->facts.pod_cidrs, overrides.pod_cidrs);
  EXPECT_EQ(noted->facts.service_cidrs, overrides.service_cidrs);
  EXPECT_EQ(noted->facts.node_port_addresses, overrides.node_port_addresses);
  EXPECT_TRUE(noted->facts.masquerade_all);
}

TEST(FactsFromNodeTest, ServiceRangesComeFromObjectsUnlessTheUserSaysThem) {
  kube::ServiceCidr range;
  range.metadata.name = "kubernetes";
  range.cidrs = {Cidr("172.30.0.0/16"), Cidr("fd00:30::/112")};
  const kube::ObjectSet objects = test::Objects({WholeNode(), range});
  NodeOverrides overrides;
  EXPECT_EQ(FactsFromNode(objects, test::kNodeName, overrides)->facts.service_cidrs, range.cidrs);
  overrides.service_proxy_name = "canary";
  EXPECT_THAT(FactsFromNode(objects, test::kNodeName, overrides)->facts.service_cidrs, IsEmpty())
      << "the rest of them is another proxy's";
  overrides = {};
  overrides.service_cidrs = {Cidr("172.31.0.0/16")};
  EXPECT_EQ(FactsFromNode(objects, test::kNodeName, overrides)->facts.service_cidrs,
            overrides.service_cidrs);
}

TEST(FactsFromNodeTest, SaysWhatIsMissingOrWrong) {
  kube::Node no_address = WholeNode();
  no_address.addresses = {{"InternalIP", "2001:db8::1"}};
  kube::Node bad_gateway = WholeNode();
  bad_gateway.metadata.annotations[kGatewayMacAnnotation] = "router";
  kube::Node bad_node = WholeNode();
  bad_node.metadata.annotations[kNodeMacAnnotation] = "ff:ff:ff:ff:ff:ff";
  const struct {
    kube::Node node;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {OtherNode(), absl::StatusCode::kNotFound, "kubectl get node test-node -o yaml"},
      {no_address, absl::StatusCode::kFailedPrecondition, "status.addresses has no IPv4 address"},
      {bad_gateway, absl::StatusCode::kInvalidArgument,
       "Node test-node: metadata.annotations[pointsman.io/gateway-mac]: \"router\""},
      {bad_node, absl::StatusCode::kInvalidArgument,
       "Node test-node: metadata.annotations[pointsman.io/node-mac]: \"ff:ff"},
  };
  for (const auto& test_case : cases) {
    const auto noted =
        FactsFromNode(test::Objects({test_case.node}), test::kNodeName, NodeOverrides());
    ASSERT_FALSE(noted.ok()) << test_case.message;
    EXPECT_EQ(noted.status().code(), test_case.code);
    EXPECT_THAT(std::string(noted.status().message()), HasSubstr(test_case.message));
  }
}

TEST(NodeFactsTest, NodePortAddresses) {
  const struct {
    std::vector<kube::IpPrefix> policy;
    std::vector<kube::IpAddress> ipv4;
    std::vector<kube::IpAddress> ipv6;
  } cases[] = {
      {{}, {Ip("192.168.0.2")}, {Ip("2001:db8::1")}},
      {{Cidr("192.168.0.0/24"), Cidr("192.168.1.0/24"), Cidr("2001:db8::/64")},
       {Ip("192.168.0.2"), Ip("192.168.1.2")},
       {Ip("2001:db8::1")}},
      {{Cidr("192.168.1.2/32")}, {Ip("192.168.1.2")}, {}},
      {{Cidr("0.0.0.0/0"), Cidr("::/0")},
       {Ip("192.168.0.2"), Ip("192.168.1.2")},
       {Ip("2001:db8::1"), Ip("2001:db8:1::2")}},
      {{Cidr("127.0.0.0/8")}, {}, {}},
  };
  for (const auto& test_case : cases) {
    NodeFacts facts = test::Facts();
    facts.other_addresses.push_back(Ip("127.0.0.1"));
    facts.node_port_addresses = test_case.policy;
    EXPECT_EQ(facts.NodePortAddresses(IpFamily::kIPv4), test_case.ipv4);
    EXPECT_EQ(facts.NodePortAddresses(IpFamily::kIPv6), test_case.ipv6);
  }
}

TEST(NodeFactsTest, TellsPodsByFamily) {
  NodeFacts facts = test::Facts();
  facts.pod_cidrs = {Cidr("10.0.0.0/8")};
  EXPECT_TRUE(facts.TellsPods(IpFamily::kIPv4));
  EXPECT_FALSE(facts.TellsPods(IpFamily::kIPv6));
  EXPECT_TRUE(facts.IsPod(Ip("10.255.0.1")));
  EXPECT_FALSE(facts.IsPod(Ip("11.0.0.1")));
}

}  // namespace
}  // namespace pointsman
