#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

constexpr std::array<std::pair<std::string_view, ServiceType>, 4> kTypeNames = {
    {{"ClusterIP", ServiceType::kClusterIp},
     {"NodePort", ServiceType::kNodePort},
     {"LoadBalancer", ServiceType::kLoadBalancer},
     {"ExternalName", ServiceType::kExternalName}}};
constexpr std::array<std::pair<std::string_view, SessionAffinity>, 2> kAffinityNames = {
    {{"None", SessionAffinity::kNone}, {"ClientIP", SessionAffinity::kClientIp}}};
constexpr std::array<std::pair<std::string_view, TrafficPolicy>, 2> kPolicyNames = {
    {{"Cluster", TrafficPolicy::kCluster}, {"Local", TrafficPolicy::kLocal}}};
constexpr std::array<std::pair<std::string_view, IpMode>, 2> kIpModeNames = {
    {{"VIP", IpMode::kVip}, {"Proxy", IpMode::kProxy}}};
constexpr std::array<std::pair<std::string_view, IpFamily>, 2> kFamilyNames = {
    {{"IPv4", IpFamily::kIPv4}, {"IPv6", IpFamily::kIPv6}}};

constexpr int kMaxAffinitySeconds = 86400;

PortOrName DecodeTargetPort(const Field& target_port, uint16_t port) {
  if (!target_port.present()) return port;
  if (target_port.IsText()) {
    const std::string name = target_port.Text();
    if (name.find_first_not_of("0123456789") != std::string::npos) return name;
    target_port.Fail(fmt::format("'{}' is not a port name; write a number without quotes", name));
    return port;
  }
  return target_port.Port().value_or(port);
}

ServicePort DecodeServicePort(const Field& field) {
  ServicePort port;
  port.name = field["name"].Text();
  port.protocol = DecodeProtocol(field["protocol"]);
  if (!field["port"].present()) field["port"].Fail("missing; every Service port needs a number");
  port.port = field["port"].Port().value_or(0);
  port.target_port = DecodeTargetPort(field["targetPort"], port.port);
  const int64_t node_port = field["nodePort"].Integer(0, 65535, "a port number").value_or(0);
  port.node_port = static_cast<uint16_t>(node_port);
  return port;
}

void CheckPorts(const Field& ports, const std::vector<ServicePort>& decoded) {
  std::set<std::string> names;
  std::set<std::pair<Protocol, uint16_t>> numbers;
  std::set<std::pair<Protocol, uint16_t>> node_ports;
  for (const ServicePort& port : decoded) {
    const std::string_view protocol = ToString(port.protocol);
    if (decoded.size() > 1 && port.name.empty()) {
      ports.Fail(fmt::format("port {} needs a name, as there are several", port.port));
    } else if (!names.insert(port.name).second) {
      ports.Fail(fmt::format("two ports are named '{}'", port.name));
    }
    if (port.port != 0 && !numbers.insert({port.protocol, port.port}).second) {
      ports.Fail(fmt::format("{}/{} stands there twice", port.port, protocol));
    }
    if (port.node_port != 0 && !node_ports.insert({port.protocol, port.node_port}).second) {
      ports.Fail(fmt::format("node port {}/{} stands there twice", port.node_port, protocol));
    }
  }
}

void DecodeClusterIp(const Field& field, Service& service) {
  const std::string text = field.Text();
  if (text == "None") service.headless = true;
  if (text.empty() || text == "None") return;
  if (const auto ip = field.Ip()) service.cluster_ips.push_back(*ip);
}

void CheckFamilies(const Field& spec, const Service& service) {
  if (service.ip_families.size() > 2) spec["ipFamilies"].Fail("there are only two families");
  if (service.ip_families.size() == 2 && service.ip_families[0] == service.ip_families[1]) {
    spec["ipFamilies"].Fail("the same family twice");
  }
  for (size_t i = 0; i < std::min(service.cluster_ips.size(), service.ip_families.size()); ++i) {
    if (service.cluster_ips[i].family() == service.ip_families[i]) continue;
    spec["clusterIPs"].Fail(fmt::format("{} is not of the family {} that spec.ipFamilies[{}] says",
                                        service.cluster_ips[i].ToString(),
                                        ToString(service.ip_families[i]), i));
  }
}

void DecodeClusterIps(const Field& spec, Service& service) {
  const Field all = spec["clusterIPs"];
  all.ForEach([&service](const Field& item) { DecodeClusterIp(item, service); });
  Service single;
  DecodeClusterIp(spec["clusterIP"], single);
  if (!all.present()) {
    service.cluster_ips = single.cluster_ips;
    service.headless = single.headless;
  } else if (!single.cluster_ips.empty() && !service.cluster_ips.empty() &&
             single.cluster_ips[0] != service.cluster_ips[0]) {
    spec["clusterIP"].Fail(fmt::format("{} is not spec.clusterIPs[0], {}",
                                       single.cluster_ips[0].ToString(),
                                       service.cluster_ips[0].ToString()));
  }
  if (service.cluster_ips.size() > 2) all.Fail("there can be one address of each family only");

  service.ip_families = spec["ipFamilies"].List(
      [](const Field& item) { return item.Enum<IpFamily>(kFamilyNames, IpFamily::kIPv4); });
  CheckFamilies(spec, service);
  if (!service.ip_families.empty()) return;
  for (const IpAddress& ip : service.cluster_ips) service.ip_families.push_back(ip.family());
  if (service.ip_families.empty()) service.ip_families.push_back(IpFamily::kIPv4);
}

LoadBalancerIngress DecodeIngress(const Field& field) {
  return {.ip = field["ip"].Ip(),
          .hostname = field["hostname"].Text(),
          .ip_mode = field["ipMode"].Enum<IpMode>(kIpModeNames, IpMode::kVip)};
}

void DecodePolicies(const Field& spec, Service& service) {
  service.session_affinity =
      spec["sessionAffinity"].Enum<SessionAffinity>(kAffinityNames, SessionAffinity::kNone);
  const Field config = spec["sessionAffinityConfig"];
  const Field client_ip = config["clientIP"];
  if (const auto seconds =
          client_ip["timeoutSeconds"].Integer(1, kMaxAffinitySeconds, "a time in seconds")) {
    service.session_affinity_timeout_seconds = static_cast<int>(*seconds);
  }
  service.internal_traffic_policy =
      spec["internalTrafficPolicy"].Enum<TrafficPolicy>(kPolicyNames, TrafficPolicy::kCluster);
  service.external_traffic_policy =
      spec["externalTrafficPolicy"].Enum<TrafficPolicy>(kPolicyNames, TrafficPolicy::kCluster);
  service.publish_not_ready_addresses = spec["publishNotReadyAddresses"].Bool(false);
  service.traffic_distribution = spec["trafficDistribution"].Text();
}

void DecodeLoadBalancer(const Field& spec, const Field& status, Service& service) {
  service.load_balancer_source_ranges =
      spec["loadBalancerSourceRanges"].ListOf([](const Field& item) { return item.Prefix(); });
  service.health_check_node_port = static_cast<uint16_t>(
      spec["healthCheckNodePort"].Integer(0, 65535, "a port number").value_or(0));
  service.load_balancer_class = spec["loadBalancerClass"].Text();
  service.allocate_load_balancer_node_ports = spec["allocateLoadBalancerNodePorts"].Bool(true);
  const Field load_balancer = status["loadBalancer"];
  service.load_balancer_ingress = load_balancer["ingress"].List(DecodeIngress);
}

}  // namespace

Service DecodeService(const Field& root) {
  const Field spec = root["spec"];
  Service service;
  service.type = spec["type"].Enum<ServiceType>(kTypeNames, ServiceType::kClusterIp);
  DecodeClusterIps(spec, service);
  service.ports = spec["ports"].List(DecodeServicePort);
  CheckPorts(spec["ports"], service.ports);
  if (service.ports.empty() && !service.headless && service.type != ServiceType::kExternalName) {
    spec["ports"].Fail("missing; a Service that is not headless needs at least one port");
  }
  service.selector = spec["selector"].Map();
  service.external_ips = spec["externalIPs"].ListOf(DecodeReachableIp);
  service.external_name = spec["externalName"].Text();
  DecodePolicies(spec, service);
  DecodeLoadBalancer(spec, root["status"], service);
  return service;
}

}  // namespace pointsman::kube
