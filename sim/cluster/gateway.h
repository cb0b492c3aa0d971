// The way between the private network and the internet: each host that has a public address is
// known by it outside (a static translation, one to one), and nobody else is. Pure but for what it
// was built with.
#ifndef POINTSMAN_SIM_CLUSTER_GATEWAY_H_
#define POINTSMAN_SIM_CLUSTER_GATEWAY_H_

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "sim/cluster/setup.h"
#include "sim/cluster/walk.h"

namespace pointsman::cluster {

class Gateway {
 public:
  explicit Gateway(const ClusterSetup& setup);

  // An address of the internet: a public one, or a client's.
  bool IsOutside(const Address& address) const {
    return private_of_.contains(address) || clients_.contains(address);
  }
  bool IsClient(const Address& address) const { return clients_.contains(address); }

  // A frame to an address for which IsOutside() holds, from either side. It has arrived if that is
  // a client.
  Step Take(Frame frame, const Trace& trace) const;

 private:
  absl::flat_hash_map<Address, Address> public_of_;
  absl::flat_hash_map<Address, Address> private_of_;
  absl::flat_hash_set<Address> clients_;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_GATEWAY_H_
