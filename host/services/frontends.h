// The addresses at which a port of a Service is reached, and what each kind of client gets there:
// kube-proxy's rules for traffic policies and masquerading. Plain values and pure functions.
//
//                     outside clients                       pods and the node ("inside")
//   cluster IP        internal policy's endpoints;          internal policy's endpoints;
//                     masqueraded where pods can be told    masqueraded under masquerade_all
//                     from others, or under masquerade_all
//   node port, external and load balancer IP:
//     policy Cluster  cluster endpoints, masqueraded        cluster endpoints, masqueraded
//     policy Local    local endpoints                       cluster endpoints (the short cut)
//
// kube-proxy masquerades the node itself in two more places: at a cluster IP, and in the short cut.
// An address of the node stays one under either rule, so the node is treated as pods are.
// An empty set of endpoints rejects, or drops if the port has usable endpoints elsewhere.
#ifndef POINTSMAN_HOST_SERVICES_FRONTENDS_H_
#define POINTSMAN_HOST_SERVICES_FRONTENDS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "flow_tables/types.h"
#include "host/kube/ip_address.h"
#include "host/services/endpoint_sets.h"
#include "host/services/node_facts.h"
#include "host/services/served_ports.h"

namespace pointsman {

enum class FrontendKind : uint8_t { kClusterIp, kLoadBalancer, kExternalIp, kNodePort };

// "ClusterIP", "LoadBalancer", "ExternalIP", "NodePort"
std::string_view ToString(FrontendKind kind);
// The field of a Service that asks for it: "spec.clusterIPs".
std::string_view FieldOf(FrontendKind kind);

enum class EndpointScope : uint8_t { kCluster, kLocal };  // a member of EndpointSets

struct ClientRule {
  FrontendAction action = FrontendAction::kReject;
  bool masquerade = false;                        // false unless action is kForward
  EndpointScope scope = EndpointScope::kCluster;  // matters where action is kForward
  bool operator==(const ClientRule&) const = default;
};

struct ServedAddress {
  FrontendKind kind = FrontendKind::kClusterIp;
  kube::IpAddress address;
  uint16_t port = 0;
  ClientRule outside;
  ClientRule inside;
  std::vector<kube::IpPrefix> source_ranges;  // clients that may use it; empty: everybody
  bool operator==(const ServedAddress&) const = default;
};

// Clients that the port's source ranges let through; empty: everybody. Where they let the node in
// they let the load balancer's own addresses in, too: a node that has such an address on an
// interface of its own sends from it.
std::vector<kube::IpPrefix> AllowedSources(const ServedPort& port, const NodeFacts& facts);

// In the order of the kinds, which is also that of precedence where one address is of two kinds
// (one that the load balancer guards stays guarded). Source ranges guard load balancer addresses
// only.
std::vector<ServedAddress> ServedAddresses(const ServedPort& port, const EndpointSets& sets,
                                           const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_FRONTENDS_H_
