#include "host/services/tunnel_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/services/neighbours.h"
#include "host/services/node_facts.h"
#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Cidr;
using test::Ip;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

kube::StringMap Flannel(const char* data, const char* address, const char* type = "vxlan") {
  return {{"flannel.alpha.coreos.com/backend-type", type},
          {"flannel.alpha.coreos.com/backend-data", data},
          {"flannel.alpha.coreos.com/public-ip", address}};
}

kube::Node NodeWith(kube::StringMap annotations) {
  kube::Node node;
  node.metadata.name = "other-node";
  node.metadata.annotations = std::move(annotations);
  node.pod_cidrs = {Cidr("10.244.3.0/24"), Cidr("fd00:3::/64")};
  node.addresses = {{"InternalIP", "192.168.0.3"}};
  return node;
}

kube::Node OwnNode() {
  kube::Node node = NodeWith(Flannel(R"({"VNI":7,"VtepMAC":"02:00:00:00:00:f2"})", "192.168.0.2"));
  node.metadata.name = test::kNodeName;
  node.pod_cidrs = {Cidr("10.244.2.0/24")};
  node.addresses = {{"InternalIP", "192.168.0.2"}};
  return node;
}

TEST(TunnelNodesTest, ReadsWhatFlannelWrites) {
  auto tunnel = TunnelOf(OwnNode());
  ASSERT_TRUE(tunnel.ok()) << tunnel.status();
  const Tunnel expected{
      .address = {0xc0a80002}, .port = 8472, .vni = 7, .mac = {0x0200000000f2}, .mtu = 1450};
  EXPECT_EQ(**tunnel, expected);
  tunnel = TunnelOf(NodeWith(Flannel(R"({"VtepMAC":"02:00:00:00:00:f3"})", "192.168.0.3")));
  ASSERT_TRUE(tunnel.ok()) << tunnel.status();
  EXPECT_EQ((*tunnel)->vni, 1u);
  EXPECT_EQ(*TunnelOf(NodeWith({})), std::nullopt);
  EXPECT_EQ(*TunnelOf(NodeWith(Flannel("null", "192.168.0.3", "host-gw"))), std::nullopt);
}

TEST(TunnelNodesTest, FaultsNameObjectAndField) {
  const struct {
    const char* data;
    const char* address;
    const char* fault;
  } cases[] = {
      {"{", "192.168.0.3", "backend-data]: '{' is no object with a VtepMAC"},
      {R"({"VtepMAC":7})", "192.168.0.3", "is no object with a VtepMAC"},
      {R"({"VtepMAC":"x"})", "192.168.0.3", "backend-data]: VtepMAC: "},
      {R"({"VtepMAC":"02:00:00:00:00:f3","VNI":16777216})", "192.168.0.3", "VNI: 16777216"},
      {R"({"VtepMAC":"02:00:00:00:00:f3","VNI":-1})", "192.168.0.3", "VNI: -1"},
      {R"({"VtepMAC":"02:00:00:00:00:f3"})", "fd00::1", "public-ip]: 'fd00::1' is no IPv4"},
  };
  for (const auto& c : cases) {
    const absl::Status status = TunnelOf(NodeWith(Flannel(c.data, c.address))).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("other-node"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.fault));
  }
}

TEST(TunnelNodesTest, PodsOfOtherNodesAreReachedThroughIt) {
  const auto noted = FactsFromNode(
      test::Objects({OwnNode(), NodeWith(Flannel(R"({"VNI":7,"VtepMAC":"02:00:00:00:00:f3"})",
                                                 "192.168.0.3"))}),
      test::kNodeName, NodeOverrides());
  ASSERT_TRUE(noted.ok()) << noted.status();
  const TunnelNode expected{
      .pod_cidrs = {Cidr("10.244.3.0/24")}, .address = {0xc0a80003}, .mac = {0x0200000000f3}};
  EXPECT_THAT(noted->facts.tunnel_nodes, ElementsAre(expected));
  const PodMacs pods;
  const Neighbours neighbours(noted->facts, pods);
  NextHop through = neighbours.Gateway();
  EXPECT_EQ(neighbours.Towards(Ip("10.244.2.9")), through);
  EXPECT_EQ(neighbours.Towards(Ip("fd00:3::9")), through);
  through.vxlan_address = expected.address;
  through.vxlan_mac = expected.mac;
  EXPECT_EQ(neighbours.Towards(Ip("10.244.3.9")), through);
}

TEST(TunnelNodesTest, ANodeThatIsNotInTheNetworkIsNoted) {
  for (const char* data : {R"({"VNI":8,"VtepMAC":"02:00:00:00:00:f3"})", "{}"}) {
    const auto noted =
        FactsFromNode(test::Objects({OwnNode(), NodeWith(Flannel(data, "192.168.0.3"))}),
                      test::kNodeName, NodeOverrides());
    ASSERT_TRUE(noted.ok()) << noted.status();
    EXPECT_THAT(noted->facts.tunnel_nodes, IsEmpty());
    EXPECT_THAT(noted->notes.back().object, HasSubstr("other-node"));
  }
}

}  // namespace
}  // namespace pointsman
