#include "tests/model/random_cluster.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace pointsman::model {
namespace {

using kube::IpAddress;
using kube::IpFamily;

constexpr char kThisNode[] = "worker-1";
constexpr uint32_t kServices = 8;
constexpr std::string_view kPortNames[] = {"http", "https", "dns"};

IpAddress Ip(const std::string& text) { return *IpAddress::Parse(text); }
kube::IpPrefix Cidr(const std::string& text) { return *kube::IpPrefix::Parse(text); }
bool IsV4(IpFamily family) { return family == IpFamily::kIPv4; }

}  // namespace

uint32_t RandomCluster::Pick(uint32_t first, uint32_t last) {
  return first + static_cast<uint32_t>(random_() % (last - first + 1));
}

IpAddress RandomCluster::At(std::string_view prefix, uint32_t last) {
  return Ip(fmt::format(fmt::runtime(prefix.ends_with(':') ? "{}{:x}" : "{}{}"), prefix, last));
}

IpAddress RandomCluster::ServiceIp(IpFamily family) {
  return At(IsV4(family) ? "10.96.0." : "fd00:10:96::", Pick(1, 12));
}

IpAddress RandomCluster::PodIp(IpFamily family) {
  return At(IsV4(family) ? "10.244.1." : "fd00:10:244::", Pick(1, 20));
}

NodeFacts RandomCluster::Facts() {
  NodeFacts facts;
  facts.name = kThisNode;
  if (Chance(70)) facts.zone = "zone-a";
  facts.primary_addresses = {Ip("192.168.0.2")};
  facts.other_addresses = {Ip("192.168.1.2"), Ip("2001:db8:1::2")};
  if (Chance(80)) facts.primary_addresses.push_back(Ip("2001:db8::1"));
  if (Chance(80)) facts.pod_cidrs = {Cidr("10.244.0.0/16")};
  if (Chance(80)) facts.pod_cidrs.push_back(Cidr("fd00:10:244::/64"));
  if (Chance(60)) facts.service_cidrs = {Cidr("10.96.0.0/16"), Cidr("fd00:10:96::/112")};
  if (Chance(30)) facts.node_port_addresses = {Cidr("192.168.0.0/16"), Cidr("2001:db8:1::/64")};
  facts.masquerade_all = Chance(15);
  return facts;
}

void RandomCluster::AddOutsideAddresses(kube::Service& service, IpFamily family) {
  const bool v4 = IsV4(family);
  if (Chance(40))
    service.external_ips.push_back(At(v4 ? "198.51.100." : "2001:db8:5::", Pick(1, 4)));
  if (service.type != kube::ServiceType::kLoadBalancer) return;
  kube::LoadBalancerIngress ingress;
  ingress.ip = At(v4 ? "198.51.100." : "2001:db8:5::", Pick(3, 8));
  if (Chance(20)) ingress.ip_mode = kube::IpMode::kProxy;
  service.load_balancer_ingress.push_back(ingress);
  if (!Chance(40)) return;
  auto& ranges = service.load_balancer_source_ranges;
  ranges.push_back(Cidr(v4 ? "203.0.113.0/25" : "2600:5200::/64"));
  if (Chance(30)) ranges.push_back(Cidr(v4 ? "192.168.0.0/24" : "2001:db8::/64"));
  if (Chance(15)) ranges.push_back(Cidr(v4 ? "0.0.0.0/0" : "::/0"));
}

kube::Service RandomCluster::RandomService(const std::string& name) {
  kube::Service service;
  service.metadata.name = name;
  service.metadata.ns = "shop";
  service.type = static_cast<kube::ServiceType>(Pick(0, 2));
  if (Chance(5)) service.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other";
  if (Chance(5)) service.metadata.labels["service.kubernetes.io/headless"] = "";
  if (Chance(5)) service.headless = true;
  std::vector<IpFamily> families = {Chance(60) ? IpFamily::kIPv4 : IpFamily::kIPv6};
  if (Chance(40)) families = {IpFamily::kIPv4, IpFamily::kIPv6};
  for (const IpFamily family : families) {
    service.cluster_ips.push_back(ServiceIp(family));
    AddOutsideAddresses(service, family);
  }
  service.ip_families = families;
  if (Chance(30)) service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
  if (Chance(40)) service.external_traffic_policy = kube::TrafficPolicy::kLocal;
  if (Chance(15)) service.session_affinity = kube::SessionAffinity::kClientIp;
  const uint32_t ports = Pick(1, 3);
  for (uint32_t i = 0; i < ports; ++i) {
    kube::ServicePort port;
    port.name = kPortNames[i];
    port.protocol = static_cast<kube::Protocol>(Chance(60) ? 0 : Pick(1, 2));
    port.port = static_cast<uint16_t>(Pick(80, 82));
    port.target_port = port.port;
    if (service.type != kube::ServiceType::kClusterIp && Chance(80)) {
      port.node_port = static_cast<uint16_t>(Pick(30000, 30004));
    }
    service.ports.push_back(port);
  }
  return service;
}

kube::EndpointSlice RandomCluster::RandomSlice(const kube::Service& service, IpFamily family,
                                               int number) {
  kube::EndpointSlice slice;
  slice.metadata.ns = service.metadata.ns;
  slice.metadata.name =
      fmt::format("{}-{}-{}", service.metadata.name, IsV4(family) ? 4 : 6, number);
  slice.metadata.labels["kubernetes.io/service-name"] = service.metadata.name;
  slice.address_type = family;
  for (const kube::ServicePort& port : service.ports) {
    if (Chance(10)) continue;
    slice.ports.push_back(
        {port.name, port.protocol, static_cast<uint16_t>(8000 + port.port + 100 * number)});
  }
  const bool all_hinted = Chance(40);
  const uint32_t endpoints = Chance(20) ? 0 : Pick(1, 5);
  std::set<IpAddress> taken;
  for (uint32_t i = 0; i < endpoints; ++i) {
    kube::Endpoint endpoint;
    endpoint.addresses = {PodIp(family)};
    if (!taken.insert(endpoint.addresses[0]).second) continue;
    endpoint.node_name = Chance(40) ? kThisNode : "worker-2";
    const uint32_t state = Pick(1, 10);
    endpoint.ready = state <= 6;
    endpoint.terminating = state >= 8;
    endpoint.serving = endpoint.ready || state == 8;
    if (all_hinted || Chance(10)) endpoint.hints_for_zones = {Chance(60) ? "zone-a" : "zone-b"};
    if (all_hinted && Chance(60)) endpoint.hints_for_nodes = {endpoint.node_name};
    slice.endpoints.push_back(endpoint);
  }
  return slice;
}

void RandomCluster::Change(kube::ObjectSet& objects) {
  for (uint32_t changes = Pick(1, kServices); changes > 0; --changes) {
    const std::string name = fmt::format("service-{}", Pick(1, kServices));
    std::erase_if(objects.endpoint_slices,
                  [&](const auto& entry) { return entry.second.ServiceName() == name; });
    objects.Delete({kube::Kind::kService, "shop", name});
    if (Chance(20)) continue;
    const kube::Service service = RandomService(name);
    for (const IpFamily family : {IpFamily::kIPv4, IpFamily::kIPv6}) {
      for (int number = 0; number < 2; ++number) {
        if (Chance(70)) objects.Apply(RandomSlice(service, family, number));
      }
    }
    objects.Apply(service);
  }
}

IpAddress RandomCluster::Source(const kube::ObjectSet& objects, IpFamily family) {
  const bool v4 = IsV4(family);
  switch (Pick(1, 6)) {
    case 1:
      return Ip(v4 ? "192.168.0.2" : "2001:db8::1");
    case 2:
      return At(v4 ? "203.0.113." : "2600:5200::", v4 ? Pick(120, 135) : Pick(1, 9));
    case 3:
      return Ip(v4 ? "203.0.113.200" : "2600:5200:0:1::1");
    case 4:
      for (const auto& [key, service] : objects.services) {
        for (const auto& ingress : service.load_balancer_ingress) {
          if (ingress.ip->family() == family && Chance(30)) return *ingress.ip;
        }
      }
      [[fallthrough]];
    default:
      return PodIp(family);
  }
}

AskedPacket RandomCluster::Packet(const kube::ObjectSet& objects, const NodeFacts& facts) {
  std::vector<IpAddress> destinations;
  for (const auto& [key, service] : objects.services) {
    const auto add = [&](const std::vector<IpAddress>& ips) {
      destinations.insert(destinations.end(), ips.begin(), ips.end());
    };
    add(service.cluster_ips);
    add(service.external_ips);
    for (const auto& ingress : service.load_balancer_ingress) destinations.push_back(*ingress.ip);
  }
  const bool to_node = destinations.empty() || Chance(25);
  AskedPacket packet;
  if (to_node) {
    std::vector<IpAddress> own = facts.primary_addresses;
    own.insert(own.end(), facts.other_addresses.begin(), facts.other_addresses.end());
    packet.destination = own[Pick(0, static_cast<uint32_t>(own.size()) - 1)];
    packet.port = static_cast<uint16_t>(Pick(30000, 30005));
  } else {
    packet.destination = destinations[Pick(0, static_cast<uint32_t>(destinations.size()) - 1)];
    packet.port = static_cast<uint16_t>(Pick(80, 83));
  }
  if (Chance(5)) packet.destination = ServiceIp(packet.destination.family());
  packet.source = Source(objects, packet.destination.family());
  packet.protocol = static_cast<kube::Protocol>(Chance(60) ? 0 : Pick(1, 2));
  return packet;
}

}  // namespace pointsman::model
