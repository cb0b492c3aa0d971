// The look-ups of the software path, for both families: frontends, clients, addresses of Services.
// Immutable once made; borrows the Forwarding.
#ifndef POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_
#define POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_

#include <cstdint>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "flow_tables/forwarding.h"

namespace pointsman {

// Who a client is and where what is sent to it goes.
struct ClientInfo {
  ClientClass client_class = ClientClass::kOutside;
  NextHop next_hop;
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

class ServiceLookup {
 public:
  // `forwarding` must outlive it.
  explicit ServiceLookup(const Forwarding& forwarding);

  // nullptr: none.
  const Frontend* FindFrontend(const Address& address, uint16_t port, Protocol protocol) const;

  // By the longest prefix; none: outside, behind the gateway.
  ClientInfo ClientOf(const Address& address) const;

  bool IsClusterIp(const Address& address) const { return cluster_ips_.contains(address); }
  bool InServiceRange(const Address& address) const;

 private:
  const Forwarding& forwarding_;
  absl::flat_hash_map<std::tuple<Address, uint16_t, Protocol>, const Frontend*> frontends_;
  absl::flat_hash_set<Address> cluster_ips_;
  // Longest prefixes first: by 128 minus the length, then by the address under it.
  std::map<int, absl::flat_hash_map<Address, const Source*>> sources_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_
