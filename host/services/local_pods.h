// The pods of this node that the card reaches by MAC address: those on virtual functions (SR-IOV).
// Pure.
//
// A pod's MAC addresses are those of its annotation k8s.v1.cni.cncf.io/network-status (Multus, the
// "Network Status Annotation" of the Kubernetes Network Custom Resource Definition De-facto
// Standard), a JSON list of {interface, ips, mac, default}. A frame with such a destination MAC
// must reach the pod when the card sends it by its node side.
#ifndef POINTSMAN_HOST_SERVICES_LOCAL_PODS_H_
#define POINTSMAN_HOST_SERVICES_LOCAL_PODS_H_

#include <map>
#include <string>
#include <vector>

#include "flow_tables/types.h"
#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"

namespace pointsman {

inline constexpr char kNetworkStatusAnnotation[] = "k8s.v1.cni.cncf.io/network-status";

using PodMacs = std::map<kube::IpAddress, MacAddress>;

// The MAC addresses of the pods on `node_name`, by pod address. Left out: pods on the host's
// network, pods that have ended, and interfaces without a MAC or an IP address. An annotation, or
// an entry of it, that cannot be read is left out with a problem, as is an address that another
// pod (by namespace and name) has already.
PodMacs LocalPodMacs(const kube::ObjectSet& objects, const std::string& node_name,
                     std::vector<kube::Problem>& problems);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_LOCAL_PODS_H_
