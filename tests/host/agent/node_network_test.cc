#include "host/agent/node_network.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

namespace pointsman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool Shell(const std::string& command) { return std::system(command.c_str()) == 0; }

NodeRoute Route(const char* prefix, uint64_t mac) {
  return {kube::IpPrefix::Parse(prefix).value(), MacAddress{mac}};
}

// In a network namespace of its own.
class NodeNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    before_ = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const bool there = before_ >= 0 && unshare(CLONE_NEWNET) == 0 &&
                       Shell(
                           "ip link add nic0 address 02:00:00:00:00:05 type veth peer nic1 && "
                           "ip link set nic0 up && ip link set nic1 up && "
                           "ip addr add 192.168.0.2/24 dev nic0");
    if (!there) GTEST_SKIP() << "network namespaces or veth pairs are not allowed here";
  }

  void TearDown() override {
    if (before_ < 0) return;
    setns(before_, CLONE_NEWNET);
    close(before_);
  }

  static NodeNetwork Read() {
    auto network = ReadNodeNetwork();
    EXPECT_TRUE(network.ok()) << network.status();
    return network.ok() ? *network : NodeNetwork();
  }

  int before_ = -1;  // the namespace of the other tests
};

TEST_F(NodeNetworkTest, TakesTheDefaultRoutesInterfaceItsGatewayAndRoutesByNeighbours) {
  EXPECT_EQ(Read(), NodeNetwork()) << "without a default route there is nothing";
  ASSERT_TRUE(
      Shell("ip route add default via 192.168.0.1 && "
            "ip route add 10.244.2.0/24 via 192.168.0.3 && "
            "ip route add 10.244.2.128/25 via 192.168.0.4 && "
            "ip route add 10.244.9.0/24 via 192.168.0.9"));
  EXPECT_EQ(Read().node_mac, MacAddress{0x020000000005});
  EXPECT_EQ(Read().gateway_mac, std::nullopt) << "nobody has asked for it yet";
  EXPECT_THAT(Read().routes, IsEmpty());
  ASSERT_TRUE(
      Shell("ip neigh add 192.168.0.1 lladdr 02:00:00:00:00:01 dev nic0 && "
            "ip neigh add 192.168.0.3 lladdr 02:00:00:00:00:03 dev nic0 && "
            "ip neigh add 192.168.0.4 lladdr 02:00:00:00:00:04 dev nic0"));
  EXPECT_EQ(Read().gateway_mac, MacAddress{0x020000000001});
  EXPECT_THAT(Read().routes, ElementsAre(Route("10.244.2.128/25", 0x020000000004),
                                         Route("10.244.2.0/24", 0x020000000003)));
}

}  // namespace
}  // namespace pointsman
