// Which tracked connections lead to where no endpoint serves any more, so that they must be
// forgotten for their clients to be served again: kube-proxy's conntrack clean-up. UDP only: it has
// no end that a tracker could see, and TCP clients find out by themselves. Pure.
#ifndef POINTSMAN_HOST_SERVICES_STALE_CONNECTIONS_H_
#define POINTSMAN_HOST_SERVICES_STALE_CONNECTIONS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/objects.h"
#include "host/services/endpoint_tracker.h"
#include "host/services/service_port_map.h"

namespace pointsman {

struct TrackedConnection {
  kube::Protocol protocol = kube::Protocol::kUdp;
  // As the client sent it.
  kube::IpAddress source;
  kube::IpAddress destination;
  uint16_t port = 0;
  // Who answers: an endpoint, or the destination where nothing was translated.
  kube::IpAddress reply_source;
  uint16_t reply_port = 0;
  friend auto operator<=>(const TrackedConnection&, const TrackedConnection&) = default;
};

// Made once for a state of the cluster, then asked about each connection. Owns what it needs.
//
// A connection to an address and port of a Service is stale when no endpoint of that port that
// serves has the address and port that answer; a node port is one at whatever address. Traffic
// policies, hints and termination play no part: a connection to any endpoint that serves stays.
// Ports without an endpoint that serves have no stale connections: nothing better could be chosen.
class StaleConnections {
 public:
  // Of one family.
  StaleConnections(const ServicePortMap& ports, const EndpointMap& endpoints);

  bool IsStale(const TrackedConnection& connection) const;

 private:
  using Socket = std::pair<kube::IpAddress, uint16_t>;
  using Serving = std::set<Socket>;

  // The endpoints of the port the client meant; nullptr: of none.
  const Serving* Meant(const TrackedConnection& connection) const;

  std::vector<Serving> serving_;                                        // one entry a UDP port
  std::map<Socket, size_t> by_address_;                                 // into serving_
  std::map<std::pair<kube::IpFamily, uint16_t>, size_t> by_node_port_;  // into serving_
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_STALE_CONNECTIONS_H_
