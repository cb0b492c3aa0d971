#include "host/services/served_ports.h"

#include <fmt/format.h>

#include "host/services/by_family.h"
#include "host/services/pass_through.h"

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::IpFamily;
using kube::Service;

constexpr char kOtherProxyLabel[] = "service.kubernetes.io/service-proxy-name";
constexpr char kHeadlessLabel[] = "service.kubernetes.io/headless";

std::vector<IpAddress> LoadBalancerIps(const Service& service, IpFamily family) {
  if (PassThroughOf(service) != PassThrough::kNo) return {};
  std::vector<IpAddress> ips;
  for (const kube::LoadBalancerIngress& ingress : service.load_balancer_ingress) {
    const bool ours = ingress.ip && ingress.ip_mode == kube::IpMode::kVip;
    if (ours && ingress.ip->family() == family) ips.push_back(*ingress.ip);
  }
  return ips;
}

// The policy counts for Services that clients outside can be meant to reach.
bool IsExternalPolicyLocal(const Service& service) {
  if (service.external_traffic_policy != kube::TrafficPolicy::kLocal) return false;
  return service.type == kube::ServiceType::kLoadBalancer ||
         service.type == kube::ServiceType::kNodePort || !service.external_ips.empty();
}

}  // namespace

bool IsHiddenByLabels(const kube::StringMap& labels) {
  return labels.contains(kOtherProxyLabel) || labels.contains(kHeadlessLabel);
}

bool ServedPort::FacesOutside() const {
  return node_port != 0 || !external_ips.empty() || !load_balancer_ips.empty();
}

std::string ServedPort::FullName() const {
  return name.empty() ? service : fmt::format("{}:{}", service, name);
}

std::string WhyNotServed(const Service& service) {
  if (service.type == kube::ServiceType::kExternalName) return "ExternalName";
  if (service.headless || service.metadata.labels.contains(kHeadlessLabel)) return "headless";
  const auto other = service.metadata.labels.find(kOtherProxyLabel);
  if (other != service.metadata.labels.end()) {
    return fmt::format("left to proxy \"{}\" (label {})", other->second, kOtherProxyLabel);
  }
  return "";
}

std::vector<ServedPort> ServedPorts(const Service& service, IpFamily family) {
  const std::vector<IpAddress> cluster_ips = OfFamily(service.cluster_ips, family);
  if (cluster_ips.empty() || !WhyNotServed(service).empty()) return {};
  ServedPort served;
  served.service = fmt::format("{}/{}", service.metadata.ns, service.metadata.name);
  served.cluster_ip = cluster_ips.front();
  served.external_ips = OfFamily(service.external_ips, family);
  served.load_balancer_ips = LoadBalancerIps(service, family);
  served.source_ranges = OfFamily(service.load_balancer_source_ranges, family);
  served.internal_local = service.internal_traffic_policy == kube::TrafficPolicy::kLocal;
  served.external_local = IsExternalPolicyLocal(service);
  if (service.session_affinity == kube::SessionAffinity::kClientIp) {
    served.affinity_seconds = static_cast<uint32_t>(service.session_affinity_timeout_seconds);
  }
  if (served.external_local && service.type == kube::ServiceType::kLoadBalancer) {
    served.health_check_node_port = service.health_check_node_port;
  }
  std::vector<ServedPort> ports;
  for (const kube::ServicePort& port : service.ports) {
    served.name = port.name;
    served.protocol = port.protocol;
    served.port = port.port;
    served.node_port = port.node_port;
    ports.push_back(served);
  }
  return ports;
}

}  // namespace pointsman
