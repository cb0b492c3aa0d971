#include "host/services/port_plan.h"

#include <utility>

namespace pointsman {

std::vector<PortPlan> PlanPorts(const kube::Service& service, const Slices& slices,
                                const NodeFacts& facts) {
  std::vector<PortPlan> plans;
  for (const kube::IpFamily family : {kube::IpFamily::kIPv4, kube::IpFamily::kIPv6}) {
    if (!facts.Primary(family)) continue;
    for (ServedPort& port : ServedPorts(service, family, facts.service_proxy_name)) {
      PortPlan plan;
      plan.affinity_seconds = port.affinity_seconds;
      plan.endpoints = EndpointsOfPort(slices, port, {facts.name, facts.zone});
      plan.sets = Categorize(port, plan.endpoints);
      plan.addresses = ServedAddresses(port, plan.sets, facts);
      plan.port = std::move(port);
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

}  // namespace pointsman
