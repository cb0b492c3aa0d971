// All ports that a proxy of one family serves, and what a change of the Services does to them:
// kube-proxy's service port map. Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_SERVICE_PORT_MAP_H_
#define POINTSMAN_HOST_SERVICES_SERVICE_PORT_MAP_H_

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/services/endpoint_sets.h"
#include "host/services/served_ports.h"

namespace pointsman {

// One Service may have ports of one name that differ in protocol only.
struct ServicePortKey {
  kube::ObjectKey service;
  SlicePort port;
  // "shop/cart:http", "shop/cart"
  std::string ToString() const;
  friend auto operator<=>(const ServicePortKey&, const ServicePortKey&) = default;
};

using ServicePortMap = std::map<ServicePortKey, ServedPort>;

ServicePortMap PortsOfServices(const kube::ObjectSet& objects, kube::IpFamily family);

struct ServicePortChanges {
  std::set<kube::ObjectKey> updated_services;  // whose ports came, went or are served otherwise
  std::vector<ServicePortKey> deleted_ports;   // in order
  bool operator==(const ServicePortChanges&) const = default;
};

// What there is in effect: a Service that was deleted and made again as it was has not changed.
ServicePortChanges ChangesBetween(const ServicePortMap& before, const ServicePortMap& after);

// Where load balancers ask for the health of a Service.
std::map<kube::ObjectKey, uint16_t> HealthCheckNodePorts(const ServicePortMap& ports);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVICE_PORT_MAP_H_
