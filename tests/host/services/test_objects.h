// Objects in few words, for the tests of Service semantics. The node is test-node.
#ifndef POINTSMAN_TESTS_HOST_SERVICES_TEST_OBJECTS_H_
#define POINTSMAN_TESTS_HOST_SERVICES_TEST_OBJECTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/kube/object_set.h"
#include "host/services/node_facts.h"

namespace pointsman::test {

inline constexpr char kNodeName[] = "test-node";

// REQUIRES: well-formed text, here and below.
inline kube::IpAddress Ip(std::string_view text) { return kube::IpAddress::Parse(text).value(); }
inline kube::IpPrefix Cidr(std::string_view text) { return kube::IpPrefix::Parse(text).value(); }

// Primary addresses 192.168.0.2 and 2001:db8::1, pods in 10.0.0.0/8 and fd00:10::/64.
inline NodeFacts Facts() {
  NodeFacts facts;
  facts.name = kNodeName;
  facts.primary_addresses = {Ip("192.168.0.2"), Ip("2001:db8::1")};
  facts.other_addresses = {Ip("192.168.1.2"), Ip("2001:db8:1::2")};
  facts.pod_cidrs = {Cidr("10.0.0.0/8"), Cidr("fd00:10::/64")};
  return facts;
}

inline kube::ServicePort TcpPort(std::string name, uint16_t port, uint16_t node_port = 0) {
  return {.name = std::move(name), .port = port, .target_port = port, .node_port = node_port};
}

// Service ns1/NAME of type ClusterIP.
inline kube::Service ClusterIpService(std::string name, std::string_view cluster_ip,
                                      std::vector<kube::ServicePort> ports) {
  kube::Service service;
  service.metadata.ns = "ns1";
  service.metadata.name = std::move(name);
  service.cluster_ips = {Ip(cluster_ip)};
  service.ports = std::move(ports);
  return service;
}

// ns1/svc1 of type LoadBalancer: 172.30.0.41, 1.2.3.4 and 192.168.99.11 port 80, node port 3001.
inline kube::Service EveryAddressService() {
  kube::Service service = ClusterIpService("svc1", "172.30.0.41", {TcpPort("p80", 80, 3001)});
  service.type = kube::ServiceType::kLoadBalancer;
  service.external_ips = {Ip("192.168.99.11")};
  service.load_balancer_ingress = {{.ip = Ip("1.2.3.4"), .hostname = ""}};
  return service;
}

enum class State : uint8_t { kReady, kUnready, kDraining, kGone };  // kDraining still serves

inline kube::Endpoint EndpointAt(std::string_view address, std::string node_name,
                                 State state = State::kReady) {
  kube::Endpoint endpoint;
  endpoint.addresses = {Ip(address)};
  endpoint.node_name = std::move(node_name);
  endpoint.ready = state == State::kReady;
  endpoint.serving = state == State::kReady || state == State::kDraining;
  endpoint.terminating = state == State::kDraining || state == State::kGone;
  return endpoint;
}

// Slice ns1/NAME of the Service; its one port is TCP 8080.
inline kube::EndpointSlice SliceOf(std::string service, std::string name, std::string port_name,
                                   std::vector<kube::Endpoint> endpoints) {
  kube::EndpointSlice slice;
  slice.metadata.ns = "ns1";
  slice.metadata.name = std::move(name);
  slice.metadata.labels = {{std::string(kube::kServiceNameLabel), std::move(service)}};
  slice.ports = {{.name = std::move(port_name), .port = uint16_t{8080}}};
  slice.endpoints = std::move(endpoints);
  return slice;
}

inline kube::ObjectSet Objects(const std::vector<kube::Object>& objects) {
  kube::ObjectSet set;
  for (const kube::Object& object : objects) set.Apply(object);
  return set;
}

// "10.0.0.1:80" of whatever has an address and a port.
template <typename Endpoints>
std::vector<std::string> Texts(const Endpoints& endpoints) {
  std::vector<std::string> texts;
  for (const auto& endpoint : endpoints) {
    texts.push_back(endpoint.address.ToString() + ":" + std::to_string(endpoint.port));
  }
  return texts;
}

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_HOST_SERVICES_TEST_OBJECTS_H_
