// All objects known at one moment, by key. A plain value: copy it, compare it. Iteration order is
// that of the keys (namespace, then name).
#ifndef POINTSMAN_HOST_KUBE_OBJECT_SET_H_
#define POINTSMAN_HOST_KUBE_OBJECT_SET_H_

#include <map>

#include "host/kube/objects.h"

namespace pointsman::kube {

struct ObjectSet {
  std::map<ObjectKey, Service> services;
  std::map<ObjectKey, EndpointSlice> endpoint_slices;
  std::map<ObjectKey, Endpoints> endpoints;
  std::map<ObjectKey, Node> nodes;
  std::map<ObjectKey, Pod> pods;

  // Replaces an object of the same key.
  void Apply(Object object);
  // Nothing happens where there is no such object.
  void Delete(const ObjectKey& key);
  bool Contains(const ObjectKey& key) const;

  bool operator==(const ObjectSet&) const = default;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_OBJECT_SET_H_
