// Which endpoints stand behind a port of a Service, and which of them traffic may use: kube-proxy's
// rules for readiness, termination, traffic policies and topology hints (KEP-2433, KEP-3015). Plain
// values and pure functions.
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

// What the hints of one kind (for zones, for nodes) say of an endpoint.
enum class Hint : uint8_t {
  kNone,       // nothing
  kElsewhere,  // other zones or nodes shall use it
  kHere,       // this node's zone, or this node, shall use it
};

struct ServiceEndpoint {
  kube::IpAddress address;
  uint16_t port = 0;
  bool local = false;  // on this node
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  Hint zone_hint = Hint::kNone;
  Hint node_hint = Hint::kNone;
  friend auto operator<=>(const ServiceEndpoint&, const ServiceEndpoint&) = default;
};

// The slices of a Service, in order of their names. Borrowed from the ObjectSet.
using Slices = std::vector<const kube::EndpointSlice*>;

// Which node endpoints are looked at from. Borrows nothing.
struct NodePlace {
  std::string name;
  std::string zone;  // empty: not known
};

// By the key of the Service, which need not exist. Slices that their labels hide are left out.
std::map<kube::ObjectKey, Slices> SlicesByService(const kube::ObjectSet& objects,
                                                  const ProxyName& proxy = {});

// Of one Service's slices: a port's name and protocol.
struct SlicePort {
  std::string name;
  kube::Protocol protocol = kube::Protocol::kTcp;
  friend auto operator<=>(const SlicePort&, const SlicePort&) = default;
};

// What the slices hold for the port's name, protocol and family, sorted by address and port. Only
// the first address of an endpoint counts; slice ports without a number do not. Of endpoints with
// the same address and port one stays: one that does not terminate, then a ready one, then a
// serving one, then one on this node.
std::vector<ServiceEndpoint> EndpointsOfPort(const Slices& slices, const ServedPort& port,
                                             const NodePlace& node);

// The same for every port that the slices of the family name and that has endpoints.
std::map<SlicePort, std::vector<ServiceEndpoint>> EndpointsBySlicePort(const Slices& slices,
                                                                       kube::IpFamily family,
                                                                       const NodePlace& node);

// What the two traffic policies choose from. Both keep the order of the endpoints; either is empty
// also where no traffic of the port needs it. Whether a set falls back to endpoints that serve
// while they terminate is decided for each by itself. Hints bear on `cluster` only, and only while
// every ready endpoint has one and some endpoint has one for here; hints for nodes come first.
struct EndpointSets {
  std::vector<ServiceEndpoint> cluster;  // policy Cluster, and the short cut of pods and node
  std::vector<ServiceEndpoint> local;    // policy Local
  bool any = false;  // some endpoint is usable: an empty set means drop, otherwise reject
  bool operator==(const EndpointSets&) const = default;
};

EndpointSets Categorize(const ServedPort& port, const std::vector<ServiceEndpoint>& endpoints);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_ENDPOINT_SETS_H_
