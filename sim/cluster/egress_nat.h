// A node's masquerading of what its pods send out of the pod network, which is the network plugin's
// work, not a Service proxy's. Not thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_EGRESS_NAT_H_
#define POINTSMAN_SIM_CLUSTER_EGRESS_NAT_H_

#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/flow.h"

namespace pointsman::cluster {

class EgressNat {
 public:
  explicit EgressNat(const Address& node) : node_(node) {}

  // What a packet from a pod leaves as. Nothing: it belongs to no masqueraded connection and, by
  // `may_begin`, begins none; or the ports are used up.
  std::optional<FlowKey> Leave(const FlowKey& key, bool may_begin);

  // What a packet from outside is to the pod; nothing: it answers no masqueraded connection.
  std::optional<FlowKey> Return(const FlowKey& key) const;

 private:
  const Address node_;
  uint16_t next_port_ = 0;
  absl::flat_hash_map<FlowKey, FlowKey> leaving_;    // by what the pod sends
  absl::flat_hash_map<FlowKey, FlowKey> returning_;  // by what comes back
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_EGRESS_NAT_H_
