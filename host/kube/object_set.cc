#include "host/kube/object_set.h"

#include <utility>

namespace pointsman::kube {
namespace {

template <typename Set, typename Visitor>
auto VisitMap(Set& set, Kind kind, Visitor visit) {
  switch (kind) {
    case Kind::kService:
      return visit(set.services);
    case Kind::kEndpointSlice:
      return visit(set.endpoint_slices);
    case Kind::kEndpoints:
      return visit(set.endpoints);
    case Kind::kNode:
      return visit(set.nodes);
    case Kind::kServiceCidr:
      return visit(set.service_cidrs);
    case Kind::kPod:
      break;
  }
  return visit(set.pods);
}

std::map<ObjectKey, Service>& MapOf(ObjectSet& set, const Service&) { return set.services; }
std::map<ObjectKey, EndpointSlice>& MapOf(ObjectSet& set, const EndpointSlice&) {
  return set.endpoint_slices;
}
std::map<ObjectKey, Endpoints>& MapOf(ObjectSet& set, const Endpoints&) { return set.endpoints; }
std::map<ObjectKey, Node>& MapOf(ObjectSet& set, const Node&) { return set.nodes; }
std::map<ObjectKey, Pod>& MapOf(ObjectSet& set, const Pod&) { return set.pods; }
std::map<ObjectKey, ServiceCidr>& MapOf(ObjectSet& set, const ServiceCidr&) {
  return set.service_cidrs;
}

}  // namespace

bool ObjectSet::Apply(Object object) {
  return std::visit(
      [this](auto&& value) {
        const auto [known, added] = MapOf(*this, value).try_emplace(KeyOf(value));
        known->second.metadata.resource_version = value.metadata.resource_version;
        if (!added && known->second == value) return false;
        known->second = std::move(value);
        return true;
      },
      std::move(object));
}

bool ObjectSet::Delete(const ObjectKey& key) {
  return VisitMap(*this, key.kind, [&key](auto& map) { return map.erase(key) != 0; });
}

bool ObjectSet::Contains(const ObjectKey& key) const {
  return VisitMap(*this, key.kind, [&key](auto& map) { return map.contains(key); });
}

}  // namespace pointsman::kube
