#include "host/services/endpoint_tracker.h"

#include <utility>

namespace pointsman {

std::map<kube::ObjectKey, std::set<kube::IpAddress>> LocalReadyAddresses(const EndpointMap& map) {
  std::map<kube::ObjectKey, std::set<kube::IpAddress>> addresses;
  for (const auto& [key, endpoints] : map) {
    for (const ServiceEndpoint& endpoint : endpoints) {
      if (endpoint.local && endpoint.ready) addresses[key.service].insert(endpoint.address);
    }
  }
  return addresses;
}

EndpointTracker::EndpointTracker(kube::IpFamily family, NodePlace node)
    : family_(family), node_(std::move(node)) {}

bool EndpointTracker::Apply(const kube::EndpointSlice& slice) {
  const kube::ObjectKey key = KeyOf(slice);
  const std::string name = slice.ServiceName();
  const bool counts =
      slice.address_type == family_ && !name.empty() && !IsHiddenByLabels(slice.metadata.labels);
  if (!counts) return Delete(key);
  const kube::ObjectKey service{kube::Kind::kService, key.ns, name};
  const auto owner = service_of_.find(key);
  if (owner != service_of_.end() && owner->second != service) Delete(key);
  const auto [entry, added] = slices_[service].try_emplace(key, slice);
  if (!added && entry->second == slice) return false;
  entry->second = slice;
  service_of_.insert_or_assign(key, service);
  changed_.insert(service);
  return true;
}

bool EndpointTracker::Delete(const kube::ObjectKey& slice) {
  const auto owner = service_of_.find(slice);
  if (owner == service_of_.end()) return false;
  SlicesByName& slices = slices_[owner->second];
  slices.erase(slice);
  changed_.insert(owner->second);
  if (slices.empty()) slices_.erase(owner->second);
  service_of_.erase(owner);
  return true;
}

EndpointChanges EndpointTracker::Take() {
  EndpointChanges changes{.services = std::exchange(changed_, {})};
  for (const kube::ObjectKey& service : changes.services) {
    if (Rebuild(service)) changes.udp_cleanup_needed = true;
  }
  return changes;
}

bool EndpointTracker::Rebuild(const kube::ObjectKey& service) {
  bool has_udp = false;
  const auto is_udp = [](const SlicePort& port) { return port.protocol == kube::Protocol::kUdp; };
  auto old = endpoints_.lower_bound({service, {}});
  while (old != endpoints_.end() && old->first.service == service) {
    has_udp |= is_udp(old->first.port);
    old = endpoints_.erase(old);
  }
  const auto slices = slices_.find(service);
  if (slices == slices_.end()) return has_udp;
  Slices borrowed;
  for (const auto& [key, slice] : slices->second) borrowed.push_back(&slice);
  for (auto& [port, endpoints] : EndpointsBySlicePort(borrowed, family_, node_)) {
    has_udp |= is_udp(port);
    endpoints_[{service, port}] = std::move(endpoints);
  }
  return has_udp;
}

}  // namespace pointsman
