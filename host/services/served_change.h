// What a node serves, and how it becomes something else: the part that changed, Service by Service.
// Plain values.
#ifndef POINTSMAN_HOST_SERVICES_SERVED_CHANGE_H_
#define POINTSMAN_HOST_SERVICES_SERVED_CHANGE_H_

#include <map>
#include <optional>
#include <vector>

#include "flow_tables/forwarding.h"
#include "flow_tables/forwarding_change.h"
#include "flow_tables/frontend_index.h"
#include "host/kube/objects.h"
#include "host/services/health.h"
#include "host/services/service_report.h"
#include "host/services/serving_udp.h"

namespace pointsman {

struct ServedState {
  Forwarding forwarding;                // frontends by address, port, protocol; sources by prefix
  std::vector<ServiceReport> services;  // one for every Service, by namespace and name
  std::vector<HealthCheckPort> health_check_ports;
  ServingUdp serving_udp;
  bool operator==(const ServedState&) const = default;
};

// Values are whole: what is named becomes this, what is not named stays.
struct ServedChange {
  std::map<FrontendKey, std::optional<Frontend>> frontends;  // none: it is gone
  std::map<kube::ObjectKey, std::optional<ServiceReport>> services;
  std::map<kube::ObjectKey, UdpFrontends> udp;
  std::optional<std::vector<Address>> cluster_ips{};
  std::optional<std::vector<HealthCheckPort>> health_check_ports{};

  bool empty() const;
  // This one and then `later`, as one.
  void Append(ServedChange later);
  void ApplyTo(ServedState& state) const;
};

// What it makes of the forwarding, which is `after` with it.
ForwardingChange ForwardingChangeOf(const ServedChange& change, const Forwarding& after);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVED_CHANGE_H_
