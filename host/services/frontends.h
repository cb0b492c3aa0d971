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
  bool operator==(const ServedAddress&) const = default;
};

// Whether the source ranges keep anybody of the port's family from its load balancer addresses.
bool RestrictsSources(const ServedPort& port);

// In the order of the kinds, which is also that of precedence where one address is of two kinds
// (one that the load balancer guards stays guarded). Load balancer addresses with source ranges
// that keep anybody out drop everything: the ranges themselves are not applied yet.
std::vector<ServedAddress> ServedAddresses(const ServedPort& port, const EndpointSets& sets,
                                           const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_FRONTENDS_H_
