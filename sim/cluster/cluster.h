// A virtual cluster in one process: nodes with a datapath each, pods, clients outside, load
// balancers and the networks between them. Packets walk as bytes from host to host.
// docs/services.md states the mechanisms. Time is an argument. Not thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_CLUSTER_H_
#define POINTSMAN_SIM_CLUSTER_CLUSTER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/kube/object_set.h"
#include "sim/cluster/gateway.h"
#include "sim/cluster/load_balancer.h"
#include "sim/cluster/setup.h"
#include "sim/cluster/virtual_node.h"
#include "sim/cluster/walk.h"

namespace pointsman::cluster {

// Opens a node's datapath. Errors go to whoever makes the cluster.
using OpenNodeDatapath =
    std::function<absl::StatusOr<std::unique_ptr<Datapath>>(const NodeSetup& node)>;

// A software datapath with room for some 30,000 connections and 10,000 endpoints.
std::unique_ptr<Datapath> OpenSoftwareDatapath();

// Who can send: "node node-a", "pod default/web-0", "client laptop".
struct Host {
  std::string name;
  Address address;
  int node = -1;  // where it runs; -1: outside
};

struct Delivery {
  Frame frame;
  Address host;
};

class Cluster {
 public:
  // Errors: those of `open`, Program().
  static absl::StatusOr<std::unique_ptr<Cluster>> Create(ClusterSetup setup,
                                                         kube::ObjectSet objects,
                                                         const OpenNodeDatapath& open);

  // What the API server says from now on. Nodes are those of the setup; slices that manifests lack
  // are derived. Connections stay. Errors: InvalidArgument naming the object that contradicts
  // another or the rules; those of Datapath::Program.
  absl::Status Program(kube::ObjectSet objects);

  const ClusterSetup& setup() const { return setup_; }
  const kube::ObjectSet& objects() const { return objects_; }
  const std::vector<LoadBalancer>& load_balancers() const { return load_balancers_; }
  const std::vector<std::unique_ptr<VirtualNode>>& nodes() const { return nodes_; }

  const std::vector<Host>& hosts() const { return hosts_; }
  // By "node node-a", "pod default/web-0" or "client laptop".
  const Host* FindHost(std::string_view name) const;
  const Host* HostAt(const Address& address) const;

  // Whether something at the host answers on the port: a pod does on its containers' ports (on
  // every port if it names none), a node where a pod on its network does.
  bool Listens(const Address& host, uint16_t port, Protocol protocol) const;

  // A walk of one frame from `host`, until it arrives or fails.
  absl::StatusOr<std::variant<Delivery, Failure>> Walk(const Host& host, Frame frame,
                                                       const Trace& trace, absl::Time now);

 private:
  explicit Cluster(ClusterSetup setup);

  absl::Status ProgramNodes();
  void ProgramLoadBalancers();
  void PlaceHosts();
  void AddHost(Host host);
  absl::StatusOr<Step> FromHost(const Host& host, Frame frame, const Trace& trace, absl::Time now);
  absl::StatusOr<Step> InUnderlay(Frame frame, const Trace& trace, absl::Time now);
  absl::StatusOr<Step> ToHostOfUnderlay(Frame frame, const FlowKey& key, const Trace& trace,
                                        absl::Time now);

  const ClusterSetup setup_;
  const Gateway gateway_;
  std::vector<AddressPrefix> pod_prefixes_;  // by node
  kube::ObjectSet objects_;
  std::vector<std::unique_ptr<VirtualNode>> nodes_;
  std::vector<LoadBalancer> load_balancers_;
  absl::flat_hash_map<Address, size_t> node_by_address_;
  std::vector<Host> hosts_;
  absl::flat_hash_map<std::string, size_t> host_by_name_;
  absl::flat_hash_map<Address, size_t> host_by_address_;
  absl::flat_hash_map<Address, std::vector<const kube::Pod*>> listeners_;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_CLUSTER_H_
