// Which UDP connections may stay when the cluster changes: UDP has no end that anybody could see,
// so one whose endpoint does not serve any more must go at once, also when that was the last
// endpoint or the Service is gone. (kube-proxy, see stale_connections.h, keeps those of ports
// without endpoints; an address that was given to somebody else then gets another's packets,
// kubernetes issue 139628.) TCP connections drain. Pure.
#ifndef POINTSMAN_HOST_SERVICES_SERVING_UDP_H_
#define POINTSMAN_HOST_SERVICES_SERVING_UDP_H_

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "flow_tables/address.h"
#include "host/kube/object_set.h"
#include "host/services/node_facts.h"

namespace pointsman {

class ServingUdp {
 public:
  // Nobody serves.
  ServingUdp() = default;
  ServingUdp(const kube::ObjectSet& objects, const NodeFacts& facts);

  // Whether the endpoint still serves those who ask for `destination`. Policies, hints and
  // termination do not matter: who serves may finish what was begun.
  bool Serves(const Address& destination, uint16_t port, const Address& endpoint,
              uint16_t endpoint_port) const;

 private:
  using Socket = std::pair<Address, uint16_t>;

  std::map<Socket, std::set<Socket>> endpoints_;  // that serve, by frontend
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVING_UDP_H_
