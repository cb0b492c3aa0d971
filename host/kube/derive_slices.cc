#include "host/kube/derive_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "host/kube/mirror_endpoints.h"
#include "host/kube/slice_builder.h"

namespace pointsman::kube {
namespace {

constexpr std::string_view kManager = "endpointslice-controller.k8s.io";
constexpr size_t kMaxEndpointsPerSlice = 100;  // the controller's default
constexpr std::string_view kZoneLabel = "topology.kubernetes.io/zone";

// Of Pods in the Service's namespace.
bool IsSelected(const Service& service, const Pod& pod) {
  return std::all_of(service.selector.begin(), service.selector.end(), [&pod](const auto& wanted) {
    const auto label = pod.metadata.labels.find(wanted.first);
    return label != pod.metadata.labels.end() && label->second == wanted.second;
  });
}

bool HasEnded(const Pod& pod) {
  return pod.phase == PodPhase::kSucceeded || pod.phase == PodPhase::kFailed;
}

// The number that a Service port's target has in this Pod; none: the Pod has no port of that name.
std::optional<uint16_t> ResolveTargetPort(const ServicePort& port, const Pod& pod) {
  if (const auto* number = std::get_if<uint16_t>(&port.target_port)) return *number;
  const std::string& name = std::get<std::string>(port.target_port);
  for (const ContainerPort& candidate : pod.ports) {
    if (candidate.name == name && candidate.protocol == port.protocol) {
      return candidate.container_port;
    }
  }
  return std::nullopt;
}

std::vector<EndpointPort> ResolvePorts(const Service& service, const Pod& pod) {
  std::vector<EndpointPort> ports;
  for (const ServicePort& port : service.ports) {
    if (const auto number = ResolveTargetPort(port, pod)) {
      ports.push_back({port.name, port.protocol, *number});
    }
  }
  return ports;
}

std::string ZoneOf(const Pod& pod, const ObjectSet& objects) {
  const auto node = objects.nodes.find({Kind::kNode, "", pod.node_name});
  if (node == objects.nodes.end()) return "";
  const auto label = node->second.metadata.labels.find(kZoneLabel);
  return label == node->second.metadata.labels.end() ? "" : label->second;
}

Endpoint MakeEndpoint(const Service& service, const Pod& pod, std::vector<IpAddress> addresses,
                      const ObjectSet& objects) {
  Endpoint endpoint;
  endpoint.addresses = std::move(addresses);
  endpoint.serving = pod.ready;
  endpoint.terminating = pod.metadata.deletion_timestamp.has_value();
  endpoint.ready =
      service.publish_not_ready_addresses || (endpoint.serving && !endpoint.terminating);
  if (pod.subdomain == service.metadata.name) endpoint.hostname = pod.hostname;
  endpoint.node_name = pod.node_name;
  endpoint.zone = ZoneOf(pod, objects);
  endpoint.target_ref = TargetRef{"Pod", pod.metadata.ns, pod.metadata.name, pod.metadata.uid};
  return endpoint;
}

std::vector<IpAddress> AddressesOf(const Pod& pod, IpFamily family) {
  std::vector<IpAddress> addresses;
  std::copy_if(pod.pod_ips.begin(), pod.pod_ips.end(), std::back_inserter(addresses),
               [family](const IpAddress& ip) { return ip.family() == family; });
  return addresses;
}

}  // namespace

std::vector<EndpointSlice> SlicesFromPods(const Service& service, const ObjectSet& objects) {
  if (service.selector.empty()) return {};
  SliceBuilder builder(service.metadata, kManager, kMaxEndpointsPerSlice);
  if (service.headless) builder.AddLabel("service.kubernetes.io/headless", "");
  const std::string& ns = service.metadata.ns;
  for (auto it = objects.pods.lower_bound({Kind::kPod, ns, ""});
       it != objects.pods.end() && it->first.ns == ns; ++it) {
    const Pod& pod = it->second;
    if (!IsSelected(service, pod) || HasEnded(pod)) continue;
    for (const IpFamily family : service.ip_families) {
      std::vector<IpAddress> addresses = AddressesOf(pod, family);
      if (addresses.empty()) continue;
      builder.Add(family, ResolvePorts(service, pod),
                  MakeEndpoint(service, pod, std::move(addresses), objects));
    }
  }
  return builder.Build();
}

std::vector<EndpointSlice> DeriveSlices(const ObjectSet& objects) {
  std::set<std::pair<std::string, std::string>> with_slices;  // namespace, name
  for (const auto& [key, slice] : objects.endpoint_slices) {
    with_slices.emplace(slice.metadata.ns, slice.ServiceName());
  }
  std::vector<EndpointSlice> derived;
  for (const auto& [key, service] : objects.services) {
    const bool needs_none =
        service.type == ServiceType::kExternalName || with_slices.contains({key.ns, key.name});
    if (needs_none) continue;
    const auto endpoints = objects.endpoints.find({Kind::kEndpoints, key.ns, key.name});
    std::vector<EndpointSlice> slices = endpoints == objects.endpoints.end()
                                            ? SlicesFromPods(service, objects)
                                            : MirrorEndpoints(endpoints->second);
    std::move(slices.begin(), slices.end(), std::back_inserter(derived));
  }
  return derived;
}

}  // namespace pointsman::kube
