// The endpoints behind every service port of one family, kept up to date slice by slice, and what
// changed since one looked last: kube-proxy's EndpointSlice cache. No clock, thread, log or I/O;
// not thread-safe.
#ifndef POINTSMAN_HOST_SERVICES_ENDPOINT_TRACKER_H_
#define POINTSMAN_HOST_SERVICES_ENDPOINT_TRACKER_H_

#include <map>
#include <set>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/services/endpoint_sets.h"
#include "host/services/service_port_map.h"

namespace pointsman {

// Ports without endpoints are left out.
using EndpointMap = std::map<ServicePortKey, std::vector<ServiceEndpoint>>;

// By Service: the distinct addresses of its ready endpoints on this node, over all its ports.
// Services without any are left out. (Health checks count these: one that drains does not.)
std::map<kube::ObjectKey, std::set<kube::IpAddress>> LocalReadyAddresses(const EndpointMap& map);

struct EndpointChanges {
  std::set<kube::ObjectKey> services;  // with a slice that came, went or was written otherwise
  // One of them has, or had, endpoints of a UDP port: connections may lead to where nobody is.
  bool udp_cleanup_needed = false;
  bool operator==(const EndpointChanges&) const = default;
};

class EndpointTracker {
 public:
  EndpointTracker(kube::IpFamily family, NodePlace node);

  // Both say whether there is something new to take. Slices of the other family, of no Service, or
  // hidden by their labels do not count; one that changes its Service leaves the old one.
  bool Apply(const kube::EndpointSlice& slice);
  bool Delete(const kube::ObjectKey& slice);

  // What changed since the last call; from now on endpoints() holds it.
  EndpointChanges Take();

  const EndpointMap& endpoints() const { return endpoints_; }

 private:
  using SlicesByName = std::map<kube::ObjectKey, kube::EndpointSlice>;

  // Writes the Service's endpoints into endpoints_. Whether it had, or has, any over UDP.
  bool Rebuild(const kube::ObjectKey& service);

  const kube::IpFamily family_;
  const NodePlace node_;
  std::map<kube::ObjectKey, kube::ObjectKey> service_of_;  // by slice
  std::map<kube::ObjectKey, SlicesByName> slices_;         // by Service
  std::set<kube::ObjectKey> changed_;                      // Services, since Take()
  EndpointMap endpoints_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_ENDPOINT_TRACKER_H_
