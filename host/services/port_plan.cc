#include "host/services/port_plan.h"

#include <utility>

namespace pointsman {

std::vector<PortPlan> PlanPorts(const kube::Service& service, const Slices& slices,
                                const NodeFacts& facts) {
  const bool has_affinity = service.session_affinity == kube::SessionAffinity::kClientIp;
  const int affinity_seconds = has_affinity ? service.session_affinity_timeout_seconds : 0;
  std::vector<PortPlan> plans;
  for (const kube::IpFamily family : {kube::IpFamily::kIPv4, kube::IpFamily::kIPv6}) {
    if (!facts.Primary(family)) continue;
    for (ServedPort& port : ServedPorts(service, family)) {
      PortPlan plan;
      plan.affinity_seconds = static_cast<uint32_t>(affinity_seconds);
      plan.endpoints = EndpointsOfPort(slices, port, facts.name);
      plan.sets = Categorize(port, plan.endpoints);
      plan.addresses = ServedAddresses(port, plan.sets, facts);
      plan.port = std::move(port);
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

}  // namespace pointsman
