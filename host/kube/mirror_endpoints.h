// Between legacy Endpoints objects and EndpointSlices, both ways. Pure.
#ifndef POINTSMAN_HOST_KUBE_MIRROR_ENDPOINTS_H_
#define POINTSMAN_HOST_KUBE_MIRROR_ENDPOINTS_H_

#include <vector>

#include "host/kube/objects.h"

namespace pointsman::kube {

// What one Endpoints object holds at most.
inline constexpr size_t kMaxEndpointsAddresses = 1000;

// The slices of an Endpoints object, as the endpointslicemirroring controller makes them; of more
// addresses than an Endpoints object can hold, those that TruncateEndpoints leaves. None where the
// label endpointslice.kubernetes.io/skip-mirror is "true".
std::vector<EndpointSlice> MirrorEndpoints(const Endpoints& endpoints);

// The Endpoints object of a Service with these slices: addresses of the Service's first family, not
// truncated. Ready endpoints are addresses, the others notReadyAddresses.
Endpoints EndpointsFromSlices(const Service& service, const std::vector<EndpointSlice>& slices);

// At most kMaxEndpointsAddresses addresses, ready ones first, every subset cut by the same share;
// where some are left out the annotation endpoints.kubernetes.io/over-capacity says "truncated".
Endpoints TruncateEndpoints(Endpoints endpoints);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_MIRROR_ENDPOINTS_H_
