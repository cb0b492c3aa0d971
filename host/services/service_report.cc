#include "host/services/service_report.h"

#include <map>

namespace pointsman {

// Of one family, so that a dual-stack pod counts once.
EndpointCounts CountEndpoints(const kube::Service& service, const Slices& slices,
                              const std::string& node_name) {
  struct State {
    bool ready = false;
    bool local = false;
  };
  const kube::IpFamily family =
      service.cluster_ips.empty() ? kube::IpFamily::kIPv4 : service.cluster_ips[0].family();
  std::map<kube::IpAddress, State> states;
  for (const kube::EndpointSlice* slice : slices) {
    if (slice->address_type != family) continue;
    for (const kube::Endpoint& endpoint : slice->endpoints) {
      if (endpoint.addresses.empty()) continue;
      State& state = states[endpoint.addresses.front()];
      state.ready |= endpoint.ready;
      state.local |= endpoint.ready && endpoint.node_name == node_name;
    }
  }
  EndpointCounts counts;
  for (const auto& [address, state] : states) {
    counts.total += 1;
    counts.ready += state.ready ? 1 : 0;
    counts.local += state.local ? 1 : 0;
  }
  return counts;
}

}  // namespace pointsman
