// The look-ups of the software path, for both families: frontends, clients, addresses of Services.
// Not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_
#define POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "flow_tables/forwarding.h"
#include "flow_tables/frontend_index.h"

namespace pointsman {

// Who a client is and where what is sent to it goes.
struct ClientInfo {
  ClientClass client_class = ClientClass::kOutside;
  NextHop next_hop;
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

class ServiceLookup {
 public:
  // Everything but the frontends, which stay.
  void SetRest(const Forwarding& forwarding);
  // In place of one with the same key.
  void Put(std::shared_ptr<const Frontend> frontend);
  // Takes it out; nullptr: there is none.
  std::shared_ptr<const Frontend> Take(const FrontendKey& key);

  // nullptr: none. Valid until it is taken out.
  const Frontend* FindFrontend(const Address& address, uint16_t port, Protocol protocol) const;

  // By the longest prefix; none: outside, behind the gateway.
  ClientInfo ClientOf(const Address& address) const;

  bool IsClusterIp(const Address& address) const { return cluster_ips_.contains(address); }
  bool InServiceRange(const Address& address) const;

 private:
  absl::flat_hash_map<FrontendKey, std::shared_ptr<const Frontend>> frontends_;
  absl::flat_hash_set<Address> cluster_ips_;
  std::vector<AddressPrefix> service_ranges_;
  NextHop gateway_;
  // Longest prefixes first: by 128 minus the length, then by the address under it.
  std::map<int, absl::flat_hash_map<Address, ClientInfo>> sources_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SERVICE_LOOKUP_H_
