// How much of the new connections an endpoint takes under a scheduler that weighs. Pure.
#ifndef POINTSMAN_HOST_SERVICES_ENDPOINT_WEIGHTS_H_
#define POINTSMAN_HOST_SERVICES_ENDPOINT_WEIGHTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"

namespace pointsman {

// On a Pod: 0 to 65535, as IPVS has it; 1 where there is none. 0: no new connections.
inline constexpr char kWeightAnnotation[] = "pointsman.io/weight";

using EndpointWeights = std::map<kube::IpAddress, uint16_t>;

// By address of the pods that say something. An annotation that is no such number is left out with
// a problem.
EndpointWeights WeightsOfPods(const kube::ObjectSet& objects, std::vector<kube::Problem>& problems);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_ENDPOINT_WEIGHTS_H_
