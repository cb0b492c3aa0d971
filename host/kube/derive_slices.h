// Makes the EndpointSlices that a cluster's controllers would have made, where a set of manifests
// has Services without slices. Pure and deterministic.
#ifndef POINTSMAN_HOST_KUBE_DERIVE_SLICES_H_
#define POINTSMAN_HOST_KUBE_DERIVE_SLICES_H_

#include <vector>

#include "host/kube/object_set.h"

namespace pointsman::kube {

// The slices to add to `objects`. A Service gets some only where it has no slice in `objects`: from
// its Endpoints object where there is one (MirrorEndpoints), else from the Pods its selector
// matches (SlicesFromPods). ExternalName Services get none.
std::vector<EndpointSlice> DeriveSlices(const ObjectSet& objects);

// What the endpointslice controller makes: for each family of the Service, Pods with an address of
// that family that have not ended; at most 100 endpoints a slice, and one set of port numbers a
// slice (a target port by name may mean another number in each Pod). Unlike the controller, it
// takes Pods whose Node is not in `objects`; their endpoints have no zone. No selector, no slices.
std::vector<EndpointSlice> SlicesFromPods(const Service& service, const ObjectSet& objects);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_DERIVE_SLICES_H_
