#include "host/services/serving_udp.h"

#include <algorithm>

#include "host/services/table_values.h"

namespace pointsman {

UdpFrontends UdpFrontendsOf(const std::vector<PortPlan>& plans) {
  UdpFrontends frontends;
  for (const PortPlan& plan : plans) {
    if (plan.port.protocol != kube::Protocol::kUdp) continue;
    std::set<UdpSocket> serving;
    for (const ServiceEndpoint& endpoint : plan.endpoints) {
      if (!endpoint.ready && !endpoint.serving) continue;
      serving.emplace(TableAddress(endpoint.address), endpoint.port);
    }
    if (serving.empty()) continue;
    for (const ServedAddress& address : plan.addresses) {
      frontends[{TableAddress(address.address), address.port}].insert(serving.begin(),
                                                                      serving.end());
    }
  }
  return frontends;
}

void ServingUdp::Set(const kube::ObjectKey& service, const UdpFrontends& frontends) {
  if (const auto before = frontends_.find(service); before != frontends_.end()) {
    for (const UdpSocket& frontend : before->second) {
      const auto found = endpoints_.find(frontend);
      found->second.erase(service);
      if (found->second.empty()) endpoints_.erase(found);
    }
    frontends_.erase(before);
  }
  for (const auto& [frontend, serving] : frontends) {
    endpoints_[frontend][service] = serving;
    frontends_[service].push_back(frontend);
  }
}

bool ServingUdp::Serves(const Address& destination, uint16_t port, const Address& endpoint,
                        uint16_t endpoint_port) const {
  const auto found = endpoints_.find({destination, port});
  if (found == endpoints_.end()) return false;
  return std::ranges::any_of(found->second, [&](const auto& of_service) {
    return of_service.second.contains({endpoint, endpoint_port});
  });
}

}  // namespace pointsman
