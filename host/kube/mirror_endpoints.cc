#include "host/kube/mirror_endpoints.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "host/kube/slice_builder.h"

namespace pointsman::kube {
namespace {

constexpr std::string_view kManager = "endpointslicemirroring-controller.k8s.io";
constexpr std::string_view kSkipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";
constexpr std::string_view kOverCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";

using Addresses = std::vector<EndpointAddress>;

Endpoint MakeEndpoint(const EndpointAddress& address, bool ready) {
  Endpoint endpoint;
  endpoint.addresses = {address.ip};
  endpoint.ready = ready;
  endpoint.serving = ready;
  endpoint.hostname = address.hostname;
  endpoint.node_name = address.node_name;
  endpoint.target_ref = address.target_ref;
  return endpoint;
}

size_t CountAddresses(const Endpoints& endpoints, Addresses EndpointSubset::*which) {
  size_t count = 0;
  for (const EndpointSubset& subset : endpoints.subsets) count += (subset.*which).size();
  return count;
}

// Leaves `room` addresses in all: of each subset its share, the rest from the first subsets on.
void Truncate(Addresses EndpointSubset::*which, size_t room, Endpoints& endpoints) {
  const size_t total = CountAddresses(endpoints, which);
  if (total <= room) return;
  size_t spare = room;
  for (const EndpointSubset& subset : endpoints.subsets) {
    spare -= (subset.*which).size() * room / total;
  }
  for (EndpointSubset& subset : endpoints.subsets) {
    Addresses& addresses = subset.*which;
    const size_t share = addresses.size() * room / total;
    const size_t extra = std::min(spare, addresses.size() - share);
    spare -= extra;
    addresses.resize(share + extra);
  }
}

EndpointSubset SubsetOf(const EndpointSlice& slice) {
  EndpointSubset subset;
  subset.ports = slice.ports;
  for (const Endpoint& endpoint : slice.endpoints) {
    EndpointAddress address{.ip = endpoint.addresses.front(),
                            .hostname = endpoint.hostname,
                            .node_name = endpoint.node_name,
                            .target_ref = endpoint.target_ref};
    (endpoint.ready ? subset.addresses : subset.not_ready_addresses).push_back(std::move(address));
  }
  return subset;
}

// Slices with the same ports are one subset.
void Merge(EndpointSubset subset, Endpoints& endpoints) {
  for (EndpointSubset& known : endpoints.subsets) {
    if (known.ports != subset.ports) continue;
    known.addresses.insert(known.addresses.end(), subset.addresses.begin(), subset.addresses.end());
    known.not_ready_addresses.insert(known.not_ready_addresses.end(),
                                     subset.not_ready_addresses.begin(),
                                     subset.not_ready_addresses.end());
    return;
  }
  endpoints.subsets.push_back(std::move(subset));
}

}  // namespace

std::vector<EndpointSlice> MirrorEndpoints(const Endpoints& endpoints) {
  const auto skip = endpoints.metadata.labels.find(kSkipMirrorLabel);
  if (skip != endpoints.metadata.labels.end() && skip->second == "true") return {};
  SliceBuilder builder(endpoints.metadata, kManager, kMaxEndpointsAddresses);
  for (const EndpointSubset& subset : TruncateEndpoints(endpoints).subsets) {
    for (const EndpointAddress& address : subset.addresses) {
      builder.Add(address.ip.family(), subset.ports, MakeEndpoint(address, true));
    }
    for (const EndpointAddress& address : subset.not_ready_addresses) {
      builder.Add(address.ip.family(), subset.ports, MakeEndpoint(address, false));
    }
  }
  return builder.Build();
}

Endpoints EndpointsFromSlices(const Service& service, const std::vector<EndpointSlice>& slices) {
  Endpoints endpoints;
  endpoints.metadata.name = service.metadata.name;
  endpoints.metadata.ns = service.metadata.ns;
  endpoints.metadata.labels = service.metadata.labels;
  for (const EndpointSlice& slice : slices) {
    if (slice.address_type == service.ip_families.front()) Merge(SubsetOf(slice), endpoints);
  }
  return endpoints;
}

Endpoints TruncateEndpoints(Endpoints endpoints) {
  const size_t ready = CountAddresses(endpoints, &EndpointSubset::addresses);
  const size_t not_ready = CountAddresses(endpoints, &EndpointSubset::not_ready_addresses);
  if (ready + not_ready <= kMaxEndpointsAddresses) return endpoints;
  const size_t room = std::min(ready, kMaxEndpointsAddresses);
  Truncate(&EndpointSubset::addresses, room, endpoints);
  Truncate(&EndpointSubset::not_ready_addresses, kMaxEndpointsAddresses - room, endpoints);
  endpoints.metadata.annotations[std::string(kOverCapacityAnnotation)] = "truncated";
  return endpoints;
}

}  // namespace pointsman::kube
