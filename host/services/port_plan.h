// All that the rules make of one port of a Service for one node: endpoints, addresses, affinity.
// Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_PORT_PLAN_H_
#define POINTSMAN_HOST_SERVICES_PORT_PLAN_H_

#include <cstdint>
#include <vector>

#include "host/kube/objects.h"
#include "host/services/endpoint_sets.h"
#include "host/services/frontends.h"
#include "host/services/node_facts.h"
#include "host/services/served_ports.h"

namespace pointsman {

struct PortPlan {
  ServedPort port;
  uint32_t affinity_seconds = 0;  // 0: no affinity
  std::vector<ServiceEndpoint> endpoints;
  EndpointSets sets;
  std::vector<ServedAddress> addresses;
};

// The Service's ports, of each family that Service and node both have.
std::vector<PortPlan> PlanPorts(const kube::Service& service, const Slices& slices,
                                const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_PORT_PLAN_H_
