#include "host/services/endpoint_sets.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace pointsman {
namespace {

using kube::EndpointSlice;

bool Preferred(const ServiceEndpoint& a, const ServiceEndpoint& b) {
  const auto rank = [](const ServiceEndpoint& e) {
    return std::tuple(!e.terminating, e.ready, e.serving, e.local);
  };
  return rank(a) > rank(b);
}

// Endpoints by address and port.
using Found = std::map<std::pair<kube::IpAddress, uint16_t>, ServiceEndpoint>;

Hint HintOf(const std::vector<std::string>& names, const std::string& here) {
  if (names.empty()) return Hint::kNone;
  const bool is_here = !here.empty() && std::ranges::find(names, here) != names.end();
  return is_here ? Hint::kHere : Hint::kElsewhere;
}

void AddEndpoints(const EndpointSlice& slice, uint16_t port, const NodePlace& node, Found& found) {
  for (const kube::Endpoint& endpoint : slice.endpoints) {
    if (endpoint.addresses.empty()) continue;
    const ServiceEndpoint candidate = {
        .address = endpoint.addresses.front(),
        .port = port,
        .local = !node.name.empty() && endpoint.node_name == node.name,
        .ready = endpoint.ready,
        .serving = endpoint.serving,
        .terminating = endpoint.terminating,
        .zone_hint = HintOf(endpoint.hints_for_zones, node.zone),
        .node_hint = HintOf(endpoint.hints_for_nodes, node.name)};
    const auto [entry, added] = found.try_emplace({candidate.address, port}, candidate);
    if (!added && Preferred(candidate, entry->second)) entry->second = candidate;
  }
}

std::vector<ServiceEndpoint> Sorted(const Found& found) {
  std::vector<ServiceEndpoint> endpoints;
  for (const auto& [key, endpoint] : found) endpoints.push_back(endpoint);
  return endpoints;
}

template <typename Predicate>
std::vector<ServiceEndpoint> Filter(const std::vector<ServiceEndpoint>& from, Predicate wanted) {
  std::vector<ServiceEndpoint> out;
  std::copy_if(from.begin(), from.end(), std::back_inserter(out), wanted);
  return out;
}

std::vector<ServiceEndpoint> Ready(const std::vector<ServiceEndpoint>& from) {
  return Filter(from, [](const ServiceEndpoint& e) { return e.ready; });
}

std::vector<ServiceEndpoint> Draining(const std::vector<ServiceEndpoint>& from) {
  return Filter(from, [](const ServiceEndpoint& e) { return e.serving && e.terminating; });
}

// The ready ones; where there are none, those that serve while they terminate.
std::vector<ServiceEndpoint> Usable(const std::vector<ServiceEndpoint>& from) {
  auto ready = Ready(from);
  return ready.empty() ? Draining(from) : ready;
}

// Of ready endpoints, those that the hints mean for here; all of them where the hints do not hold.
std::vector<ServiceEndpoint> Hinted(const std::vector<ServiceEndpoint>& ready) {
  for (const auto hint : {&ServiceEndpoint::node_hint, &ServiceEndpoint::zone_hint}) {
    const auto has_none = [&](const ServiceEndpoint& e) { return e.*hint == Hint::kNone; };
    if (std::ranges::any_of(ready, has_none)) continue;
    auto here = Filter(ready, [&](const ServiceEndpoint& e) { return e.*hint == Hint::kHere; });
    if (!here.empty()) return here;
  }
  return ready;
}

}  // namespace

std::map<kube::ObjectKey, Slices> SlicesByService(const kube::ObjectSet& objects,
                                                  const ProxyName& proxy) {
  std::map<kube::ObjectKey, Slices> by_service;
  for (const auto& [key, slice] : objects.endpoint_slices) {
    const std::string service = slice.ServiceName();
    if (service.empty() || IsHiddenByLabels(slice.metadata.labels, proxy)) continue;
    by_service[{kube::Kind::kService, key.ns, service}].push_back(&slice);
  }
  return by_service;
}

std::vector<ServiceEndpoint> EndpointsOfPort(const Slices& slices, const ServedPort& port,
                                             const NodePlace& node) {
  Found found;
  for (const EndpointSlice* slice : slices) {
    if (slice->address_type != port.cluster_ip.family()) continue;
    for (const kube::EndpointPort& slice_port : slice->ports) {
      if (slice_port.name != port.name || slice_port.protocol != port.protocol) continue;
      const uint16_t number = slice_port.port.value_or(0);
      if (number != 0) AddEndpoints(*slice, number, node, found);
    }
  }
  return Sorted(found);
}

std::map<SlicePort, std::vector<ServiceEndpoint>> EndpointsBySlicePort(const Slices& slices,
                                                                       kube::IpFamily family,
                                                                       const NodePlace& node) {
  std::map<SlicePort, Found> found;
  for (const EndpointSlice* slice : slices) {
    if (slice->address_type != family) continue;
    for (const kube::EndpointPort& port : slice->ports) {
      const uint16_t number = port.port.value_or(0);
      if (number != 0) AddEndpoints(*slice, number, node, found[{port.name, port.protocol}]);
    }
  }
  std::map<SlicePort, std::vector<ServiceEndpoint>> by_port;
  for (const auto& [port, endpoints] : found) {
    if (!endpoints.empty()) by_port[port] = Sorted(endpoints);
  }
  return by_port;
}

EndpointSets Categorize(const ServedPort& port, const std::vector<ServiceEndpoint>& endpoints) {
  EndpointSets sets;
  const std::vector<ServiceEndpoint> usable = Usable(endpoints);
  sets.any = !usable.empty();
  if (port.UsesLocalEndpoints()) {
    sets.local = Usable(Filter(endpoints, [](const ServiceEndpoint& e) { return e.local; }));
  }
  if (port.UsesClusterEndpoints()) {
    sets.cluster = !usable.empty() && usable.front().ready ? Hinted(usable) : usable;
  }
  return sets;
}

}  // namespace pointsman
