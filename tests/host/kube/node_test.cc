// Decoding of v1 Nodes (host/kube/node.cc).
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;

const std::string kHead = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, namespace: ignored}\n";

TEST(NodeTest, ReadsEveryField) {
  const Node node = DecodeOne<Node>(R"(
apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: {topology.kubernetes.io/zone: z1}
  deletionTimestamp: "2026-01-31T12:00:00Z"
spec:
  podCIDR: 10.244.1.0/24
  podCIDRs: [10.244.1.0/24, "fd00:244:1::/64"]
  taints: [{key: ToBeDeletedByClusterAutoscaler, value: "1", effect: NoSchedule}]
status:
  addresses:
    - {type: InternalIP, address: 192.168.0.2}
    - {type: Hostname, address: n1}
)");
  EXPECT_EQ(KeyOf(node).ToString(), "Node n1");
  EXPECT_TRUE(node.metadata.deletion_timestamp.has_value());
  EXPECT_THAT(node.pod_cidrs, ElementsAre(Cidr("10.244.1.0/24"), Cidr("fd00:244:1::/64")));
  EXPECT_THAT(node.taints, ElementsAre(Taint{"ToBeDeletedByClusterAutoscaler", "1", "NoSchedule"}));
  EXPECT_THAT(node.addresses,
              ElementsAre(NodeAddress{"InternalIP", "192.168.0.2"}, NodeAddress{"Hostname", "n1"}));
}

TEST(NodeTest, TakesThePodCidrAloneAndHasNoNamespace) {
  const Node node = DecodeOne<Node>(kHead + "spec: {podCIDR: 10.244.1.0/24}\n");
  EXPECT_THAT(node.pod_cidrs, ElementsAre(Cidr("10.244.1.0/24")));
  EXPECT_EQ(node.metadata.ns, "");
}

TEST(NodeTest, RefusesWhatAnApiServerRefuses) {
  EXPECT_THAT(ProblemsOf(kHead + "spec: {podCIDR: 10.244.1.0}\n"),
              ElementsAre("bad.yaml:4: Node n1: spec.podCIDR: '10.244.1.0' is not a CIDR block: it "
                          "has no '/' (write it like 10.0.0.0/8 or fd00::/64)"));
  EXPECT_THAT(ProblemsOf(kHead + "status: {addresses: [{type: InternalIP, address: n1}]}\n"),
              ElementsAre("bad.yaml:4: Node n1: status.addresses[0].address: 'n1' is not an IP "
                          "address"));
}

}  // namespace
}  // namespace pointsman::kube
