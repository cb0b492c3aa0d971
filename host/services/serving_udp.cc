#include "host/services/serving_udp.h"

#include "host/services/port_plan.h"
#include "host/services/table_values.h"

namespace pointsman {

ServingUdp::ServingUdp(const kube::ObjectSet& objects, const NodeFacts& facts) {
  const auto by_service = SlicesByService(objects);
  for (const auto& [key, service] : objects.services) {
    const auto slices = by_service.find(key);
    if (slices == by_service.end()) continue;
    for (const PortPlan& plan : PlanPorts(service, slices->second, facts)) {
      if (plan.port.protocol != kube::Protocol::kUdp) continue;
      std::set<Socket> serving;
      for (const ServiceEndpoint& endpoint : plan.endpoints) {
        if (!endpoint.ready && !endpoint.serving) continue;
        serving.emplace(TableAddress(endpoint.address), endpoint.port);
      }
      for (const ServedAddress& address : plan.addresses) {
        endpoints_[{TableAddress(address.address), address.port}].insert(serving.begin(),
                                                                         serving.end());
      }
    }
  }
}

bool ServingUdp::Serves(const Address& destination, uint16_t port, const Address& endpoint,
                        uint16_t endpoint_port) const {
  const auto found = endpoints_.find({destination, port});
  return found != endpoints_.end() && found->second.contains({endpoint, endpoint_port});
}

}  // namespace pointsman
