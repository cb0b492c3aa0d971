// The tunnel network that pods of other nodes are reached through, as flannel (backend vxlan, Linux
// defaults) describes it by annotations on the Nodes. Pure.
//
//   flannel.alpha.coreos.com/backend-type   vxlan
//   flannel.alpha.coreos.com/backend-data   {"VNI":1,"VtepMAC":"02:00:00:00:00:f1"}
//   flannel.alpha.coreos.com/public-ip      192.168.0.2
//
// Limits: IPv4 pods only (flannel carries IPv6 in a tunnel of its own); the UDP port is flannel's
// on Linux, 8472, and the longest packet that of interfaces of 1500 bytes, 1450.
#ifndef POINTSMAN_HOST_SERVICES_TUNNEL_NODES_H_
#define POINTSMAN_HOST_SERVICES_TUNNEL_NODES_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/forwarding.h"
#include "host/kube/ip_address.h"
#include "host/kube/objects.h"

namespace pointsman {

// Another node: its end of the tunnel, and whose packets go there.
struct TunnelNode {
  std::vector<kube::IpPrefix> pod_cidrs;
  Ipv4Address address;
  MacAddress mac;
  bool operator==(const TunnelNode&) const = default;
};

// What a Node says of its end; nothing: flannel's annotations are not there, or of another backend.
// InvalidArgument, naming object and field: they cannot be read.
absl::StatusOr<std::optional<Tunnel>> TunnelOf(const kube::Node& node);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_TUNNEL_NODES_H_
