#include "host/services/service_port_map.h"

#include <fmt/format.h>

#include <utility>

namespace pointsman {

std::string ServicePortKey::ToString() const {
  const std::string name = fmt::format("{}/{}", service.ns, service.name);
  return port.name.empty() ? name : fmt::format("{}:{}", name, port.name);
}

ServicePortMap PortsOfServices(const kube::ObjectSet& objects, kube::IpFamily family) {
  ServicePortMap ports;
  for (const auto& [key, service] : objects.services) {
    for (ServedPort& port : ServedPorts(service, family)) {
      const ServicePortKey port_key{key, {port.name, port.protocol}};
      ports.insert_or_assign(port_key, std::move(port));
    }
  }
  return ports;
}

ServicePortChanges ChangesBetween(const ServicePortMap& before, const ServicePortMap& after) {
  ServicePortChanges changes;
  for (const auto& [key, port] : before) {
    const auto now = after.find(key);
    if (now == after.end()) changes.deleted_ports.push_back(key);
    if (now == after.end() || now->second != port) changes.updated_services.insert(key.service);
  }
  for (const auto& [key, port] : after) {
    if (!before.contains(key)) changes.updated_services.insert(key.service);
  }
  return changes;
}

std::map<kube::ObjectKey, uint16_t> HealthCheckNodePorts(const ServicePortMap& ports) {
  std::map<kube::ObjectKey, uint16_t> health_check_ports;
  for (const auto& [key, port] : ports) {
    if (port.health_check_node_port != 0) {
      health_check_ports[key.service] = port.health_check_node_port;
    }
  }
  return health_check_ports;
}

}  // namespace pointsman
