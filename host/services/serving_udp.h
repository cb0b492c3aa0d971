// Which UDP connections may stay when the cluster changes: UDP has no end that anybody could see,
// so one whose endpoint does not serve any more must go at once, also when that was the last
// endpoint or the Service is gone. (kube-proxy, see stale_connections.h, keeps those of ports
// without endpoints; an address that was given to somebody else then gets another's packets,
// kubernetes issue 139628.) TCP connections drain. Pure; not thread-safe.
#ifndef POINTSMAN_HOST_SERVICES_SERVING_UDP_H_
#define POINTSMAN_HOST_SERVICES_SERVING_UDP_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "flow_tables/address.h"
#include "host/kube/object_set.h"
#include "host/services/port_plan.h"

namespace pointsman {

// Endpoints of a Service that serve over UDP, by frontend; each an address and a port.
using UdpSocket = std::pair<Address, uint16_t>;
using UdpFrontends = std::map<UdpSocket, std::set<UdpSocket>>;

// Policies, hints and termination do not matter: who serves may finish what was begun.
UdpFrontends UdpFrontendsOf(const std::vector<PortPlan>& plans);

// Of all Services; at first there are none.
class ServingUdp {
 public:
  // What the Service has from now on; empty: nothing.
  void Set(const kube::ObjectKey& service, const UdpFrontends& frontends);

  // Whether the endpoint still serves those who ask for `destination`.
  bool Serves(const Address& destination, uint16_t port, const Address& endpoint,
              uint16_t endpoint_port) const;

  bool operator==(const ServingUdp&) const = default;

 private:
  // Two Services may claim one frontend.
  std::map<UdpSocket, std::map<kube::ObjectKey, std::set<UdpSocket>>> endpoints_;
  std::map<kube::ObjectKey, std::vector<UdpSocket>> frontends_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVING_UDP_H_
