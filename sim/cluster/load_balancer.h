// A cloud's load balancer: a host of the underlay that stands for Services of type LoadBalancer.
//
// A listener is a port of a Service whose status.loadBalancer.ingress names the balancer's address.
// Its targets are the node ports of nodes whose health check answers, or pods. A new connection
// gets the target that its hash says, and keeps it. What a target sends back on a connection of the
// balancer is handed to the balancer first, as the network of a cloud does it.
//
// Source addresses: the client's is kept. A shared balancer is a proxy towards clients inside the
// private network where the Service is passed through (annotation or `ipMode: Proxy`): they come
// from the balancer's own address. A dedicated one keeps the client's address always.
//
// Not thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_LOAD_BALANCER_H_
#define POINTSMAN_SIM_CLUSTER_LOAD_BALANCER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sim/cluster/frames.h"
#include "sim/cluster/setup.h"
#include "sim/cluster/walk.h"

namespace pointsman::cluster {

struct Target {
  Address address;
  uint16_t port = 0;
  friend bool operator==(const Target&, const Target&) = default;
};

struct Listener {
  std::string service;          // "Service default/web"
  std::vector<Target> targets;  // healthy ones
  bool is_passed_through = false;
};

using Listeners = std::map<std::pair<uint16_t, Protocol>, Listener>;

class LoadBalancer {
 public:
  // `inside`: the prefixes of nodes and pods.
  LoadBalancer(const LoadBalancerSetup& setup, std::vector<AddressPrefix> inside);

  const LoadBalancerSetup& setup() const { return setup_; }
  const Listeners& listeners() const { return listeners_; }

  // Connections stay with their targets.
  void SetListeners(Listeners listeners) { listeners_ = std::move(listeners); }

  // Whether a target sends this on a connection of the balancer.
  bool IsReply(const FlowKey& key) const { return replies_.contains(key); }

  // A frame that is for the balancer, or for which IsReply() holds.
  Step Take(Frame frame, const Trace& trace);

 private:
  Step Connect(Frame frame, const Flow& flow, const Trace& trace);

  const LoadBalancerSetup setup_;
  const std::string where_;
  const Address address_;
  const std::vector<AddressPrefix> inside_;
  Listeners listeners_;
  absl::flat_hash_map<FlowKey, FlowKey> requests_;
  absl::flat_hash_map<FlowKey, FlowKey> replies_;
  uint16_t next_port_ = 0;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_LOAD_BALANCER_H_
