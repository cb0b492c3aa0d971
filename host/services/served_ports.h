// What a proxy of one address family makes of a Service, before it looks at endpoints: kube-proxy's
// service port map. Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_SERVED_PORTS_H_
#define POINTSMAN_HOST_SERVICES_SERVED_PORTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/objects.h"

namespace pointsman {

// One port of a Service. All addresses and ranges are of one family.
struct ServedPort {
  std::string service;  // "shop/cart"
  std::string name;     // of the port; often empty where there is only one
  kube::Protocol protocol = kube::Protocol::kTcp;
  kube::IpAddress cluster_ip;
  uint16_t port = 0;
  uint16_t node_port = 0;  // 0: none
  std::vector<kube::IpAddress> external_ips;
  std::vector<kube::IpAddress> load_balancer_ips;  // those that the proxy serves (pass_through.h)
  std::vector<kube::IpPrefix> source_ranges;       // for load_balancer_ips; empty: everybody
  bool internal_local = false;                     // internalTrafficPolicy: Local
  bool external_local = false;                     // externalTrafficPolicy: Local
  uint32_t affinity_seconds = 0;                   // sessionAffinity: ClientIP for so long; 0: none
  uint16_t health_check_node_port = 0;             // the load balancer asks there; 0: none

  // Reachable by more than its cluster IP.
  bool FacesOutside() const;
  // Whether some traffic of the port goes by policy Cluster (the short cut of pods and node does
  // also under external policy Local), and whether some goes by policy Local.
  bool UsesClusterEndpoints() const { return !internal_local || FacesOutside(); }
  bool UsesLocalEndpoints() const { return internal_local || (external_local && FacesOutside()); }
  std::string FullName() const;  // "shop/cart:http", "shop/cart"

  bool operator==(const ServedPort&) const = default;
};

// Whether the labels of a Service or EndpointSlice hide it from this proxy: it is another's, or of
// a headless Service (kube-proxy never asks the API server for such objects).
bool IsHiddenByLabels(const kube::StringMap& labels);

// Why a proxy makes nothing of this Service: it is headless, an ExternalName, or its label leaves
// it to another proxy. Empty: it is served.
std::string WhyNotServed(const kube::Service& service);

// In the order of the Service's ports. Empty where WhyNotServed() says so, and where the Service
// has no cluster IP of the family.
std::vector<ServedPort> ServedPorts(const kube::Service& service, kube::IpFamily family);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVED_PORTS_H_
