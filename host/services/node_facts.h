// What Service semantics must know about the node it works for. Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_NODE_FACTS_H_
#define POINTSMAN_HOST_SERVICES_NODE_FACTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/forwarding.h"
#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"
#include "host/services/tunnel_nodes.h"

namespace pointsman {

// Annotations on a Node. The gateway is the router that the uplink leads to; node-mac is what the
// node's own NIC answers to, and the source of what the card sends by the uplink.
inline constexpr char kGatewayMacAnnotation[] = "pointsman.io/gateway-mac";
inline constexpr char kNodeMacAnnotation[] = "pointsman.io/node-mac";

inline constexpr MacAddress kDefaultGatewayMac{0x020000000001};
inline constexpr MacAddress kDefaultNodeMac{0x020000000002};

// Addresses that are reached by way of a neighbour that is not the gateway, as another node's pods
// may be.
struct NodeRoute {
  kube::IpPrefix prefix;
  MacAddress neighbour;
  bool operator==(const NodeRoute&) const = default;
};

// What the node's own network says, by the interface of its default route.
struct NodeNetwork {
  std::optional<MacAddress> node_mac;
  std::optional<MacAddress> gateway_mac;
  std::vector<NodeRoute> routes;  // by length, the longest first, then by address
  bool operator==(const NodeNetwork&) const = default;
};

struct NodeFacts {
  std::string name;
  std::string zone;                                // empty: not known
  std::vector<kube::IpAddress> primary_addresses;  // at most one of a family
  std::vector<kube::IpAddress> other_addresses;    // more addresses on the node's interfaces
  // Of the whole cluster: a source among them is a pod. None of a family: pods of that family
  // cannot be told from clients outside.
  std::vector<kube::IpPrefix> pod_cidrs;
  std::vector<kube::IpPrefix> service_cidrs;
  // Node ports work on the local addresses among these; empty: on the primary addresses.
  std::vector<kube::IpPrefix> node_port_addresses;
  bool masquerade_all = false;
  bool localhost_node_ports = false;  // node ports on 127.0.0.1, too, where it is among those above
  Scheduler scheduler = Scheduler::kRandom;
  std::string service_proxy_name;  // as in NodeOverrides
  MacAddress gateway_mac = kDefaultGatewayMac;
  MacAddress node_mac = kDefaultNodeMac;
  std::vector<NodeRoute> routes;         // the longest first
  Tunnel tunnel{};                       // of this node; without an address: there is none
  std::vector<TunnelNode> tunnel_nodes;  // other nodes that its tunnel reaches

  std::optional<kube::IpAddress> Primary(kube::IpFamily family) const;
  // The primary one first.
  std::vector<kube::IpAddress> LocalAddresses(kube::IpFamily family) const;
  // Where node ports are served. No loopback address but 127.0.0.1 under localhost_node_ports.
  std::vector<kube::IpAddress> NodePortAddresses(kube::IpFamily family) const;
  bool TellsPods(kube::IpFamily family) const;
  bool IsPod(const kube::IpAddress& address) const;

  bool operator==(const NodeFacts&) const = default;
};

// What the user says besides the objects. Empty lists say nothing.
struct NodeOverrides {
  std::vector<kube::IpAddress> other_addresses;     // besides those of the Node's status
  std::vector<kube::IpPrefix> pod_cidrs;            // instead of those of the Nodes' spec.podCIDRs
  std::vector<kube::IpPrefix> service_cidrs;        // instead of those of the ServiceCIDRs
  std::vector<kube::IpPrefix> node_port_addresses;  // as in NodeFacts
  bool masquerade_all = false;
  bool localhost_node_ports = false;
  Scheduler scheduler = Scheduler::kRandom;
  std::string service_proxy_name;  // whose Services are served (served_ports.h, ProxyName)
  NodeNetwork network;             // for what no annotation says
};

struct NotedNodeFacts {
  NodeFacts facts;
  std::vector<kube::Note> notes;  // what had to be assumed, for the user to read
};

// The facts of Node `name`: addresses of type InternalIP (the first of a family is the primary
// one), the label topology.kubernetes.io/zone, the annotations above, and the podCIDRs of all
// Nodes. A missing MAC address is what the network says, or the default one, with a note.
//
// Tunnels are those of tunnel_nodes.h; another Node whose annotations cannot be read, or that is in
// another network, is not reached by one, with a note.
//
// NotFound: no such Node. FailedPrecondition: it has no IPv4 address of type InternalIP.
// InvalidArgument: an annotation that is no MAC address, or no tunnel's. Each names the object and
// the field.
absl::StatusOr<NotedNodeFacts> FactsFromNode(const kube::ObjectSet& objects,
                                             const std::string& name,
                                             const NodeOverrides& overrides);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_NODE_FACTS_H_
