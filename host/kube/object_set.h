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
  std::map<ObjectKey, ServiceCidr> service_cidrs;

  // Replaces an object of the same key. True: there was none, or one that differs in more than its
  // metadata.resourceVersion, which moves with every write to an object.
  bool Apply(Object object);
  // True: there was one.
  bool Delete(const ObjectKey& key);
  bool Contains(const ObjectKey& key) const;

  bool operator==(const ObjectSet&) const = default;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_OBJECT_SET_H_
