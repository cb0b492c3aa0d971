// What a virtual cluster is made of. Plain values; sim/cluster/scenario.h reads them from a file.
#ifndef POINTSMAN_SIM_CLUSTER_SETUP_H_
#define POINTSMAN_SIM_CLUSTER_SETUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"

namespace pointsman::cluster {

// How a pod's packets reach other nodes.
enum class NetworkModel : uint8_t {
  kTunnel,  // by an overlay (VXLAN): the underlay knows the addresses of hosts only
  kVpc,     // the underlay routes pod addresses
};

// Whose rules a node follows (sim/cluster/node_rules.h).
enum class ForwardingMode : uint8_t { kIptables, kIpvs, kPointsman };

std::string_view ToString(NetworkModel model);   // "tunnel"
std::string_view ToString(ForwardingMode mode);  // "ipvs"

struct NodeSetup {
  std::string name;
  kube::IpAddress address;  // private
  std::optional<kube::IpAddress> public_address;
  kube::IpPrefix pod_cidr;
  std::string zone;
  bool on_card = false;  // its datapath is a card, else software
};

enum class LoadBalancerKind : uint8_t { kShared, kDedicated };

struct LoadBalancerSetup {
  std::string name;
  LoadBalancerKind kind = LoadBalancerKind::kShared;
  kube::IpAddress address;  // private
  std::optional<kube::IpAddress> public_address;
  bool to_pods = false;  // a dedicated one: straight to pods, past node ports
};

struct OutsideClient {
  std::string name;
  kube::IpAddress address;
};

// All addresses are IPv4.
struct ClusterSetup {
  NetworkModel model = NetworkModel::kVpc;
  ForwardingMode mode = ForwardingMode::kPointsman;
  kube::IpPrefix private_cidr;  // of nodes and load balancers
  std::vector<kube::IpPrefix> service_cidrs;
  std::vector<NodeSetup> nodes;
  std::vector<LoadBalancerSetup> load_balancers;
  std::vector<OutsideClient> outside;
};

// The Node objects that such a cluster's API server would have.
std::vector<kube::Node> NodeObjects(const ClusterSetup& setup);

// The node's end of the overlay, as a host of it: the first address of its podCIDR.
kube::IpAddress TunnelAddress(const NodeSetup& node);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_SETUP_H_
