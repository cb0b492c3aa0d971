#include "sim/cluster/workload.h"

#include <fmt/format.h>

#include <utility>

#include "sim/cluster/scenario_cluster.h"

namespace pointsman::cluster {
namespace {

constexpr uint32_t kFirstPodPlace = 10;  // in a node's range
constexpr uint32_t kFirstServicePlace = 256;
constexpr uint16_t kFirstPort = 1000;
constexpr uint16_t kFirstNodePort = 30000;
constexpr uint16_t kFirstHealthPort = 31384;
constexpr int kServicesMax = kFirstHealthPort - kFirstNodePort;
constexpr uint16_t kPodPort = 8080;
constexpr char kNamespace[] = "default";

}  // namespace

std::optional<kube::IpAddress> Workload::PodAddress(size_t node) {
  uint32_t& next = next_.try_emplace(node, kFirstPodPlace).first->second;
  const kube::IpPrefix& range = setup_.nodes[node].pod_cidr;
  while (true) {
    const kube::IpAddress address = Plus(range.address(), next);
    if (!range.Contains(address)) return std::nullopt;
    next += 1;
    if (taken_.insert(address).second) return address;
  }
}

std::optional<kube::Pod> Workload::MakePod(const std::string& ns, const std::string& name,
                                           const kube::StringMap& labels, uint16_t port,
                                           size_t node) {
  const std::optional<kube::IpAddress> address = PodAddress(node);
  if (!address) return std::nullopt;
  kube::Pod pod;
  pod.metadata.ns = ns;
  pod.metadata.name = name;
  pod.metadata.labels = labels;
  pod.node_name = setup_.nodes[node].name;
  pod.ports = {{.name = "", .container_port = port, .protocol = kube::Protocol::kTcp}};
  pod.phase = kube::PodPhase::kRunning;
  pod.ready = true;
  pod.pod_ips = {*address};
  return pod;
}

bool Workload::Generate(const GeneratedServices& wanted, kube::ObjectSet& objects) {
  for (int i = 0; i < wanted.services; ++i) {
    if (services_ == kServicesMax) return false;
    if (!AddService(wanted, fmt::format("{}{}", wanted.prefix, i + 1), objects)) return false;
    services_ += 1;
  }
  return true;
}

bool Workload::AddService(const GeneratedServices& wanted, const std::string& name,
                          kube::ObjectSet& objects) {
  kube::Service service;
  service.metadata.ns = kNamespace;
  service.metadata.name = name;
  service.type =
      wanted.balancer == nullptr ? kube::ServiceType::kNodePort : kube::ServiceType::kLoadBalancer;
  service.cluster_ips = {
      Plus(setup_.service_cidrs.front().address(), kFirstServicePlace + services_)};
  service.ip_families = {kube::IpFamily::kIPv4};
  const auto port = static_cast<uint16_t>(kFirstPort + services_);
  service.ports = {{.name = "",
                    .protocol = kube::Protocol::kTcp,
                    .port = port,
                    .target_port = kPodPort,
                    .node_port = static_cast<uint16_t>(kFirstNodePort + services_)}};
  if (wanted.local_policy) {
    service.external_traffic_policy = kube::TrafficPolicy::kLocal;
    if (wanted.balancer != nullptr) {
      service.health_check_node_port = static_cast<uint16_t>(kFirstHealthPort + services_);
    }
  }
  if (wanted.balancer != nullptr) {
    service.load_balancer_ingress = {{.ip = wanted.balancer->address, .hostname = ""}};
  }
  kube::EndpointSlice slice;
  slice.metadata.ns = kNamespace;
  slice.metadata.name = name + "-1";
  slice.metadata.labels[std::string(kube::kServiceNameLabel)] = name;
  slice.ports = {{.name = "", .protocol = kube::Protocol::kTcp, .port = kPodPort}};
  for (int k = 0; k < wanted.endpoints_each; ++k) {
    const int apart = k < wanted.piled ? 0 : k - wanted.piled + 1;
    const size_t node = static_cast<size_t>(services_ + apart) % setup_.nodes.size();
    auto pod = MakePod(kNamespace, fmt::format("{}-{}", name, k), {}, kPodPort, node);
    if (!pod) return false;
    kube::Endpoint endpoint;
    endpoint.addresses = pod->pod_ips;
    endpoint.node_name = pod->node_name;
    slice.endpoints.push_back(std::move(endpoint));
    objects.Apply(*std::move(pod));
  }
  objects.Apply(std::move(service));
  objects.Apply(std::move(slice));
  return true;
}

}  // namespace pointsman::cluster
