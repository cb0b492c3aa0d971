#include "host/services/service_port_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using kube::IpFamily;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

kube::ObjectKey Key(std::string name) { return {kube::Kind::kService, "ns1", std::move(name)}; }

kube::Service DnsService() {
  kube::Service service = test::ClusterIpService(
      "dns", "172.30.0.10", {test::TcpPort("dns", 53), test::TcpPort("dns", 53)});
  service.ports[0].protocol = kube::Protocol::kUdp;
  return service;
}

ServicePortMap MapOf(const std::vector<kube::Object>& objects) {
  return PortsOfServices(test::Objects(objects), IpFamily::kIPv4);
}

TEST(PortsOfServicesTest, ByServiceNameAndProtocol) {
  const ServicePortMap map = MapOf({DnsService(), test::EveryAddressService()});
  EXPECT_THAT(map, SizeIs(3));
  EXPECT_EQ(map.at({Key("dns"), {"dns", kube::Protocol::kUdp}}).protocol, kube::Protocol::kUdp);
  EXPECT_EQ(map.at({Key("svc1"), {"p80", kube::Protocol::kTcp}}).node_port, 3001);
  EXPECT_THAT(PortsOfServices(test::Objects({DnsService()}), IpFamily::kIPv6), IsEmpty());
}

TEST(ServicePortKeyTest, LeavesOutTheColonWithoutAName) {
  EXPECT_EQ((ServicePortKey{Key("dns"), {"udp", kube::Protocol::kUdp}}.ToString()), "ns1/dns:udp");
  EXPECT_EQ((ServicePortKey{Key("dns"), {}}.ToString()), "ns1/dns");
}

TEST(ChangesBetweenTest, WhatThereIsInEffect) {
  kube::Service relabelled = DnsService();
  relabelled.metadata.labels["team"] = "net";
  kube::Service moved = DnsService();
  moved.ports[0].port = 54;
  kube::Service shrunk = DnsService();
  shrunk.ports.pop_back();
  const ServicePortKey tcp{Key("dns"), {"dns", kube::Protocol::kTcp}};
  const ServicePortKey udp{Key("dns"), {"dns", kube::Protocol::kUdp}};
  const struct {
    const char* name;
    std::vector<kube::Object> before;
    std::vector<kube::Object> after;
    std::set<kube::ObjectKey> updated;
    std::vector<ServicePortKey> deleted;
  } cases[] = {
      {"nothing", {DnsService()}, {DnsService()}, {}, {}},
      {"what does not bear on ports", {DnsService()}, {relabelled}, {}, {}},
      {"new", {}, {DnsService()}, {Key("dns")}, {}},
      {"changed", {DnsService()}, {moved}, {Key("dns")}, {}},
      {"a port less", {DnsService()}, {shrunk}, {Key("dns")}, {tcp}},
      {"gone", {DnsService()}, {}, {Key("dns")}, {tcp, udp}},
  };
  for (const auto& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    const ServicePortChanges changes =
        ChangesBetween(MapOf(test_case.before), MapOf(test_case.after));
    EXPECT_EQ(changes.updated_services, test_case.updated);
    EXPECT_EQ(changes.deleted_ports, test_case.deleted);
  }
}

TEST(HealthCheckNodePortsTest, ByService) {
  kube::Service service = test::EveryAddressService();
  service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  service.health_check_node_port = 30000;
  EXPECT_THAT(HealthCheckNodePorts(MapOf({DnsService(), service})),
              ElementsAre(Pair(Key("svc1"), 30000)));
}

}  // namespace
}  // namespace pointsman
