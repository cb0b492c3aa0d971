// How hosts of the virtual cluster look up names: by messages of DNS, answered as the agent's
// server answers them. Pure.
#ifndef POINTSMAN_SIM_CLUSTER_RESOLVE_H_
#define POINTSMAN_SIM_CLUSTER_RESOLVE_H_

#include <string>

#include "absl/status/statusor.h"
#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"

namespace pointsman::cluster {

// The first IPv4 address of the name. NotFound: it has none; InvalidArgument: it cannot be a name.
absl::StatusOr<kube::IpAddress> Resolve(const kube::ObjectSet& objects, const std::string& name);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_RESOLVE_H_
