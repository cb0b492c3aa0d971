// A node of the virtual cluster: a datapath with the rules of its forwarding mode, where netfilter
// has its hooks (it sees what enters the node and what the node and its pods send), and around it
// what a node does besides: it delivers to pods, masquerades what pods send out of the pod network,
// wraps what goes to other nodes' pods in a tunnel, and refuses packets with a source that cannot
// come from where they came (RFC 1812, 5.3.7 and 5.3.8). Not thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_VIRTUAL_NODE_H_
#define POINTSMAN_SIM_CLUSTER_VIRTUAL_NODE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/datapath/datapath.h"
#include "sim/cluster/egress_nat.h"
#include "sim/cluster/node_rules.h"
#include "sim/cluster/setup.h"
#include "sim/cluster/walk.h"

namespace pointsman::cluster {

class VirtualNode {
 public:
  // `setup` must outlive the node.
  VirtualNode(const ClusterSetup& setup, size_t index, std::unique_ptr<Datapath> datapath);

  // Follows these rules from now on, with these pods; connections stay. Errors: those of
  // Datapath::Program.
  absl::Status Program(NodeRules rules, absl::flat_hash_set<Address> pods);

  // A frame that the node or one of its pods sends.
  absl::StatusOr<Step> FromLocal(Frame frame, const Trace& trace, absl::Time now);
  // A frame from the underlay.
  absl::StatusOr<Step> FromUplink(Frame frame, const Trace& trace, absl::Time now);

  const std::string& name() const { return node_.name; }
  const NodeRules& rules() const { return rules_; }

 private:
  bool IsOwn(const Address& address) const;
  bool IsOwnPod(const Address& address) const;
  // Pods of one node share an interface (IPvlan) that no hook of the node is on.
  bool PassesBy(const Flow& flow) const;
  std::optional<Failure> Spoofed(const Flow& flow) const;
  absl::StatusOr<Step> ThroughDatapath(Port ingress, Frame frame, const Flow& flow,
                                       const Trace& trace, absl::Time now);
  Step Onwards(Frame frame, const Trace& trace);
  Step Leave(Frame frame, const Flow& flow, const Trace& trace);
  Step Fail(std::string rule, std::string reason) const;
  Step Refused(const ProcessedFrame& processed, const Flow& flow) const;
  std::string RuleFor(const Flow& flow) const;

  const ClusterSetup& setup_;
  const NodeSetup& node_;
  const std::string where_;  // "node node-a"
  const Address address_;
  const Address tunnel_address_;
  const AddressPrefix pod_prefix_;
  const AddressPrefix private_prefix_;
  std::vector<AddressPrefix> pod_prefixes_;  // of the cluster, by node
  std::unique_ptr<Datapath> datapath_;
  NodeRules rules_;
  absl::flat_hash_set<Address> pods_;
  EgressNat egress_;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_VIRTUAL_NODE_H_
