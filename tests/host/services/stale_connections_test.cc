#include "host/services/stale_connections.h"

#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::EndpointAt;
using test::Ip;
using test::State;

// ns1/svc1 over UDP at 172.30.0.41, 1.2.3.4 and 192.168.99.11 port 80 and node port 3001.
// 10.0.0.1:8080 serves, 10.0.0.2 drains, 10.0.0.3 does not serve.
class StaleConnectionsTest : public testing::Test {
 protected:
  StaleConnectionsTest() {
    kube::Service service = test::EveryAddressService();
    service.ports[0].protocol = kube::Protocol::kUdp;
    kube::EndpointSlice slice = test::SliceOf(
        "svc1", "a", "p80",
        {EndpointAt("10.0.0.1", "other"), EndpointAt("10.0.0.2", "", State::kDraining),
         EndpointAt("10.0.0.3", "", State::kUnready)});
    slice.ports[0].protocol = kube::Protocol::kUdp;
    objects_ = test::Objects({service, slice});
  }

  bool IsStale(const TrackedConnection& connection) const {
    EndpointTracker tracker(kube::IpFamily::kIPv4, {});
    for (const auto& [key, slice] : objects_.endpoint_slices) tracker.Apply(slice);
    tracker.Take();
    const StaleConnections stale(PortsOfServices(objects_, kube::IpFamily::kIPv4),
                                 tracker.endpoints());
    return stale.IsStale(connection);
  }

  static TrackedConnection To(std::string_view destination, uint16_t port, std::string_view reply,
                              uint16_t reply_port = 8080) {
    return {kube::Protocol::kUdp, Ip("10.9.9.9"), Ip(destination), port, Ip(reply), reply_port};
  }

  kube::ObjectSet objects_;
};

TEST_F(StaleConnectionsTest, WhoAnswersMustServe) {
  for (const char* address : {"172.30.0.41", "1.2.3.4", "192.168.99.11"}) {
    EXPECT_FALSE(IsStale(To(address, 80, "10.0.0.1"))) << address;
    EXPECT_FALSE(IsStale(To(address, 80, "10.0.0.2"))) << address;
    EXPECT_TRUE(IsStale(To(address, 80, "10.0.0.3"))) << address;
    EXPECT_TRUE(IsStale(To(address, 80, "10.0.0.9"))) << address;
    EXPECT_TRUE(IsStale(To(address, 80, "10.0.0.1", 9090))) << address;
    EXPECT_TRUE(IsStale(To(address, 80, address, 80))) << address;
    EXPECT_FALSE(IsStale(To(address, 81, "10.0.0.9"))) << address;
  }
}

TEST_F(StaleConnectionsTest, ANodePortIsOneAtEveryAddressOfTheFamily) {
  EXPECT_TRUE(IsStale(To("192.168.0.2", 3001, "10.0.0.9")));
  EXPECT_TRUE(IsStale(To("192.168.1.2", 3001, "10.0.0.9")));
  EXPECT_FALSE(IsStale(To("192.168.0.2", 3001, "10.0.0.1")));
  EXPECT_FALSE(IsStale(To("2001:db8::1", 3001, "fd00:10::9")));
}

TEST_F(StaleConnectionsTest, AnAddressOfAServiceComesBeforeANodePort) {
  kube::Service other = test::ClusterIpService("svc2", "172.30.0.42", {test::TcpPort("p", 3001)});
  other.ports[0].protocol = kube::Protocol::kUdp;
  kube::EndpointSlice slice = test::SliceOf("svc2", "b", "p", {EndpointAt("10.0.0.7", "")});
  slice.ports[0].protocol = kube::Protocol::kUdp;
  objects_.Apply(other);
  objects_.Apply(slice);
  EXPECT_FALSE(IsStale(To("172.30.0.42", 3001, "10.0.0.7")));
  EXPECT_TRUE(IsStale(To("172.30.0.42", 3001, "10.0.0.1")));
}

TEST_F(StaleConnectionsTest, OtherProtocolsAreLeftAlone) {
  TrackedConnection connection = To("172.30.0.41", 80, "10.0.0.9");
  connection.protocol = kube::Protocol::kTcp;
  EXPECT_FALSE(IsStale(connection));
  connection.protocol = kube::Protocol::kSctp;
  EXPECT_FALSE(IsStale(connection));
}

TEST_F(StaleConnectionsTest, NothingIsForgottenWhereNothingServes) {
  objects_.endpoint_slices.begin()->second.endpoints.resize(3);
  for (kube::Endpoint& endpoint : objects_.endpoint_slices.begin()->second.endpoints) {
    endpoint.serving = false;
  }
  EXPECT_FALSE(IsStale(To("172.30.0.41", 80, "10.0.0.9")));
}

}  // namespace
}  // namespace pointsman
