#include "host/services/stale_connections.h"

namespace pointsman {

StaleConnections::StaleConnections(const ServicePortMap& ports, const EndpointMap& endpoints) {
  for (const auto& [key, port] : ports) {
    const auto found = endpoints.find(key);
    if (port.protocol != kube::Protocol::kUdp || found == endpoints.end()) continue;
    Serving serving;
    for (const ServiceEndpoint& endpoint : found->second) {
      if (endpoint.serving) serving.insert({endpoint.address, endpoint.port});
    }
    if (serving.empty()) continue;
    const size_t index = serving_.size();
    serving_.push_back(std::move(serving));
    by_address_[{port.cluster_ip, port.port}] = index;
    for (const kube::IpAddress& ip : port.load_balancer_ips) by_address_[{ip, port.port}] = index;
    for (const kube::IpAddress& ip : port.external_ips) by_address_[{ip, port.port}] = index;
    if (port.node_port != 0) by_node_port_[{port.cluster_ip.family(), port.node_port}] = index;
  }
}

bool StaleConnections::IsStale(const TrackedConnection& connection) const {
  if (connection.protocol != kube::Protocol::kUdp) return false;
  const Serving* serving = Meant(connection);
  return serving != nullptr && !serving->contains({connection.reply_source, connection.reply_port});
}

const StaleConnections::Serving* StaleConnections::Meant(
    const TrackedConnection& connection) const {
  const auto address = by_address_.find({connection.destination, connection.port});
  if (address != by_address_.end()) return &serving_[address->second];
  const auto node_port = by_node_port_.find({connection.destination.family(), connection.port});
  return node_port == by_node_port_.end() ? nullptr : &serving_[node_port->second];
}

}  // namespace pointsman
