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

void AddEndpoints(const EndpointSlice& slice, uint16_t port, const std::string& node_name,
                  Found& found) {
  for (const kube::Endpoint& endpoint : slice.endpoints) {
    if (endpoint.addresses.empty()) continue;
    const ServiceEndpoint candidate = {.address = endpoint.addresses.front(),
                                       .port = port,
                                       .local = endpoint.node_name == node_name,
                                       .ready = endpoint.ready,
                                       .serving = endpoint.serving,
                                       .terminating = endpoint.terminating};
    const auto [entry, added] = found.try_emplace({candidate.address, port}, candidate);
    if (!added && Preferred(candidate, entry->second)) entry->second = candidate;
  }
}

template <typename Predicate>
std::vector<ServiceEndpoint> Filter(const std::vector<ServiceEndpoint>& from, Predicate wanted) {
  std::vector<ServiceEndpoint> out;
  std::copy_if(from.begin(), from.end(), std::back_inserter(out), wanted);
  return out;
}

// The ready ones; where there are none, those that serve while they terminate.
std::vector<ServiceEndpoint> Usable(const std::vector<ServiceEndpoint>& from) {
  auto ready = Filter(from, [](const ServiceEndpoint& e) { return e.ready; });
  if (!ready.empty()) return ready;
  return Filter(from, [](const ServiceEndpoint& e) { return e.serving && e.terminating; });
}

}  // namespace

std::map<kube::ObjectKey, Slices> SlicesByService(const kube::ObjectSet& objects) {
  std::map<kube::ObjectKey, Slices> by_service;
  for (const auto& [key, slice] : objects.endpoint_slices) {
    const std::string service = slice.ServiceName();
    if (service.empty()) continue;
    by_service[{kube::Kind::kService, key.ns, service}].push_back(&slice);
  }
  return by_service;
}

std::vector<ServiceEndpoint> EndpointsOfPort(const Slices& slices, const ServedPort& port,
                                             const std::string& node_name) {
  Found found;
  for (const EndpointSlice* slice : slices) {
    if (slice->address_type != port.cluster_ip.family()) continue;
    for (const kube::EndpointPort& slice_port : slice->ports) {
      if (slice_port.name != port.name || slice_port.protocol != port.protocol) continue;
      const uint16_t number = slice_port.port.value_or(0);
      if (number != 0) AddEndpoints(*slice, number, node_name, found);
    }
  }
  std::vector<ServiceEndpoint> endpoints;
  for (const auto& [key, endpoint] : found) endpoints.push_back(endpoint);
  return endpoints;
}

EndpointSets Categorize(const ServedPort& port, const std::vector<ServiceEndpoint>& endpoints) {
  EndpointSets sets;
  std::vector<ServiceEndpoint> usable = Usable(endpoints);
  sets.any = !usable.empty();
  const bool faces_outside = port.FacesOutside();
  if (port.internal_local || (port.external_local && faces_outside)) {
    sets.local = Usable(Filter(endpoints, [](const ServiceEndpoint& e) { return e.local; }));
  }
  if (!port.internal_local || faces_outside) sets.cluster = std::move(usable);
  return sets;
}

}  // namespace pointsman
