// How frames reach pods, the node and everybody else, and who clients are by their address. Pure.
//
// The card stands between the router and the node, and looks like the one to the other: frames it
// sends by the uplink have the node's MAC address as their source, frames it sends by the node side
// have the gateway's. So neither side must learn of a third one.
//
//   to                                   egress   destination MAC
//   an address of the node               node     the node's
//   a local pod whose MAC is known       node     the pod's
//   a pod of a node with a tunnel        uplink   the gateway's, through the tunnel
//   an address that a route holds        uplink   that neighbour's
//   anybody else                         uplink   the gateway's
//
// A local pod whose MAC is not known is among "anybody else": the router knows the way back.
#ifndef POINTSMAN_HOST_SERVICES_NEIGHBOURS_H_
#define POINTSMAN_HOST_SERVICES_NEIGHBOURS_H_

#include <set>
#include <vector>

#include "flow_tables/forwarding.h"
#include "host/kube/ip_address.h"
#include "host/services/local_pods.h"
#include "host/services/node_facts.h"

namespace pointsman {

// Borrows its arguments, which must outlive it.
class Neighbours {
 public:
  Neighbours(const NodeFacts& facts, const PodMacs& pods);

  NextHop Gateway() const;
  NextHop Towards(const kube::IpAddress& address) const;

  // The sources, by prefix: addresses of the node (class node), pod CIDRs (class local-pod)
  // and local pods whose MAC is known (class local-pod where a pod CIDR holds them, else outside).
  std::vector<Source> Sources() const;

 private:
  NextHop NodeSide(MacAddress destination) const;
  // By the node's routes, else by the gateway.
  NextHop Routed(const kube::IpAddress& address) const;
  NextHop Through(const TunnelNode& node) const;

  const NodeFacts& facts_;
  const PodMacs& pods_;
  const std::set<kube::IpAddress> node_addresses_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_NEIGHBOURS_H_
