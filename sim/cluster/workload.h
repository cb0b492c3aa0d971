// Pods and Services that a scenario asks for by number. Pure but for its own state.
#ifndef POINTSMAN_SIM_CLUSTER_WORKLOAD_H_
#define POINTSMAN_SIM_CLUSTER_WORKLOAD_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "host/kube/object_set.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

struct GeneratedServices {
  std::string prefix;
  int services = 0;
  int endpoints_each = 1;
  int piled = 1;  // of them, on one node; the others are each on another one
  bool local_policy = false;
  const LoadBalancerSetup* balancer = nullptr;  // nullptr: NodePort Services
};

class Workload {
 public:
  // `setup` must outlive it.
  explicit Workload(const ClusterSetup& setup) : setup_(setup) {}

  // Not to be given to anybody.
  void Take(const kube::IpAddress& address) { taken_.insert(address); }

  // A free address of the node's pods; nothing: they are all taken.
  std::optional<kube::IpAddress> PodAddress(size_t node);

  // A ready pod on the node; nothing: no address is free.
  std::optional<kube::Pod> MakePod(const std::string& ns, const std::string& name,
                                   const kube::StringMap& labels, uint16_t port, size_t node);

  // Adds the Services with pods and slices. False: an address or port range is used up.
  bool Generate(const GeneratedServices& wanted, kube::ObjectSet& objects);

 private:
  bool AddService(const GeneratedServices& wanted, const std::string& name,
                  kube::ObjectSet& objects);

  const ClusterSetup& setup_;
  std::set<kube::IpAddress> taken_;
  std::map<size_t, uint32_t> next_;  // address, by node
  int services_ = 0;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_WORKLOAD_H_
