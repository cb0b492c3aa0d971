#include "host/services/serving_udp.h"

#include <gtest/gtest.h>

#include "host/services/forwarding_builder.h"
#include "host/services/table_values.h"
#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::EndpointAt;
using test::Ip;
using test::State;

kube::EndpointSlice UdpSlice() {
  kube::EndpointSlice slice =
      test::SliceOf("dns", "dns-1", "dns",
                    {EndpointAt("10.0.0.1", "n"), EndpointAt("10.0.0.2", "n", State::kUnready),
                     EndpointAt("10.0.0.3", "n", State::kDraining)});
  slice.ports[0].protocol = kube::Protocol::kUdp;
  return slice;
}

kube::Service UdpService() {
  kube::ServicePort port = test::TcpPort("dns", 53, 30053);
  port.protocol = kube::Protocol::kUdp;
  kube::Service service = test::ClusterIpService("dns", "172.30.0.10", {port});
  service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
  return service;
}

ServingUdp ServingOf(const std::vector<kube::Object>& objects) {
  return BuildForwarding(test::Objects(objects), test::Facts()).serving_udp;
}

bool Serves(const ServingUdp& serving, const char* destination, uint16_t port,
            const char* endpoint) {
  return serving.Serves(TableAddress(Ip(destination)), port, TableAddress(Ip(endpoint)), 8080);
}

TEST(ServingUdpTest, WhoServesMayFinish) {
  ServingUdp serving = ServingOf({UdpService(), UdpSlice()});
  EXPECT_TRUE(Serves(serving, "172.30.0.10", 53, "10.0.0.1"));
  EXPECT_TRUE(Serves(serving, "192.168.0.2", 30053, "10.0.0.1"));
  EXPECT_TRUE(Serves(serving, "172.30.0.10", 53, "10.0.0.3"));
  EXPECT_FALSE(Serves(serving, "172.30.0.10", 53, "10.0.0.2"));
  EXPECT_FALSE(Serves(serving, "172.30.0.10", 53, "10.0.0.9"));
  EXPECT_FALSE(Serves(serving, "172.30.0.10", 54, "10.0.0.1"));
  serving.Set(KeyOf(UdpService()), {});
  EXPECT_FALSE(Serves(serving, "172.30.0.10", 53, "10.0.0.1"));
  EXPECT_EQ(serving, ServingUdp());
}

TEST(ServingUdpTest, NobodyServesForAServiceThatIsGone) {
  EXPECT_FALSE(Serves(ServingOf({UdpSlice()}), "172.30.0.10", 53, "10.0.0.1"));
  EXPECT_FALSE(Serves(ServingOf({UdpService()}), "172.30.0.10", 53, "10.0.0.1"));
  EXPECT_FALSE(Serves(ServingUdp(), "172.30.0.10", 53, "10.0.0.1"));
}

}  // namespace
}  // namespace pointsman
