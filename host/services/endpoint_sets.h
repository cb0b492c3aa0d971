// Which endpoints stand behind a port of a Service, and which of them traffic may use: kube-proxy's
// rules for readiness, termination and traffic policies. Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_ENDPOINT_SETS_H_
#define POINTSMAN_HOST_SERVICES_ENDPOINT_SETS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/services/served_ports.h"

namespace pointsman {

struct ServiceEndpoint {
  kube::IpAddress address;
  uint16_t port = 0;
  bool local = false;  // on this node
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  friend auto operator<=>(const ServiceEndpoint&, const ServiceEndpoint&) = default;
};

// The slices of a Service, in order of their names. Borrowed from the ObjectSet.
using Slices = std::vector<const kube::EndpointSlice*>;

// By the key of the Service, which need not exist.
std::map<kube::ObjectKey, Slices> SlicesByService(const kube::ObjectSet& objects);

// What the slices hold for the port's name, protocol and family, sorted by address and port. Only
// the first address of an endpoint counts; slice ports without a number do not. Of endpoints with
// the same address and port one stays: one that does not terminate, then a ready one, then a
// serving one, then one on this node.
std::vector<ServiceEndpoint> EndpointsOfPort(const Slices& slices, const ServedPort& port,
                                             const std::string& node_name);

// What the two traffic policies choose from. Both keep the order of the endpoints; either is empty
// also where no traffic of the port needs it. Whether a set falls back to endpoints that serve
// while they terminate is decided for each by itself.
struct EndpointSets {
  std::vector<ServiceEndpoint> cluster;  // policy Cluster, and the short cut of pods and node
  std::vector<ServiceEndpoint> local;    // policy Local
  bool any = false;  // some endpoint is usable: an empty set means drop, otherwise reject
  bool operator==(const EndpointSets&) const = default;
};

EndpointSets Categorize(const ServedPort& port, const std::vector<ServiceEndpoint>& endpoints);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_ENDPOINT_SETS_H_
