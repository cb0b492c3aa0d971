#include "sim/cluster/load_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "host/services/endpoint_sets.h"
#include "host/services/table_values.h"

namespace pointsman::cluster {
namespace {

struct Goal {
  Address address;
  uint16_t port = 0;
};

std::vector<const kube::Service*> ServicesOf(const Load& load, const Cluster& cluster) {
  std::vector<const kube::Service*> services;
  for (const auto& [key, service] : cluster.objects().services) {
    if (key.name.starts_with(load.services)) services.push_back(&service);
  }
  return services;
}

// Where a connection to the Service begins. Nothing: the Service cannot be reached that way.
std::optional<Goal> GoalOf(const Load& load, const kube::Service& service, const Cluster& cluster,
                           size_t turn) {
  if (service.ports.empty()) return std::nullopt;
  const kube::ServicePort& port = service.ports.front();
  const ClusterSetup& setup = cluster.setup();
  const bool outside = load.from == "clients";
  switch (load.via) {
    case Via::kClusterIp:
      if (service.cluster_ips.empty()) return std::nullopt;
      return Goal{TableAddress(service.cluster_ips.front()), port.port};
    case Via::kNodePort: {
      const NodeSetup& node = setup.nodes[turn % setup.nodes.size()];
      if (port.node_port == 0 || (outside && !node.public_address)) return std::nullopt;
      return Goal{TableAddress(outside ? *node.public_address : node.address), port.node_port};
    }
    case Via::kLoadBalancer:
      break;
  }
  for (const LoadBalancerSetup& balancer : setup.load_balancers) {
    for (const kube::LoadBalancerIngress& ingress : service.load_balancer_ingress) {
      if (ingress.ip != balancer.address || (outside && !balancer.public_address)) continue;
      return Goal{TableAddress(outside ? *balancer.public_address : balancer.address), port.port};
    }
  }
  return std::nullopt;
}

std::vector<Host> HostsOf(const std::string& kind, const Cluster& cluster) {
  const std::string prefix = kind.substr(0, kind.size() - 1) + " ";
  std::vector<Host> hosts;
  for (const Host& host : cluster.hosts()) {
    if (host.name.starts_with(prefix)) hosts.push_back(host);
  }
  return hosts;
}

template <typename Counts>
Spread SpreadOf(const Counts& counts) {
  Spread spread;
  if (counts.empty()) return spread;
  int64_t sum = 0;
  spread.least = counts.front();
  for (const int64_t count : counts) {
    sum += count;
    spread.least = std::min(spread.least, count);
    spread.most = std::max(spread.most, count);
  }
  spread.mean = static_cast<double>(sum) / static_cast<double>(counts.size());
  return spread;
}

using Counts = absl::flat_hash_map<Address, int64_t>;

// The endpoints of the Services, each with no connection.
Counts Endpoints(const std::vector<const kube::Service*>& services, const Cluster& cluster) {
  const auto slices = SlicesByService(cluster.objects());
  Counts counts;
  for (const kube::Service* service : services) {
    const auto found = slices.find(KeyOf(*service));
    if (found == slices.end()) continue;
    for (const kube::EndpointSlice* slice : found->second) {
      for (const kube::Endpoint& endpoint : slice->endpoints) {
        counts[TableAddress(endpoint.addresses.front())] = 0;
      }
    }
  }
  return counts;
}

void Summarize(const Counts& counts, const Cluster& cluster, LoadReport& report) {
  for (const NodeSetup& node : cluster.setup().nodes) report.nodes.push_back({node.name});
  std::vector<int64_t> of_endpoints;
  for (const auto& [address, connections] : counts) {
    of_endpoints.push_back(connections);
    const Host* host = cluster.HostAt(address);
    if (host == nullptr || host->node < 0) continue;
    report.nodes[host->node].endpoints += 1;
    report.nodes[host->node].connections += connections;
  }
  std::vector<int64_t> of_nodes;
  for (const NodeShare& share : report.nodes) of_nodes.push_back(share.connections);
  report.per_node = SpreadOf(of_nodes);
  report.per_endpoint = SpreadOf(of_endpoints);
}

}  // namespace

absl::StatusOr<LoadReport> RunLoad(const Load& load, Cluster& cluster, Prober& prober,
                                   absl::Time now) {
  LoadReport report;
  report.name = load.name;
  const std::vector<const kube::Service*> services = ServicesOf(load, cluster);
  const std::vector<Host> hosts = HostsOf(load.from, cluster);
  Counts counts = Endpoints(services, cluster);
  for (int i = 0; i < load.probes; ++i) {
    const auto turn = static_cast<size_t>(i);
    const kube::Service& service = *services[turn % services.size()];
    const Host& host = hosts[turn % hosts.size()];
    const std::optional<Goal> goal = GoalOf(load, service, cluster, turn / services.size());
    report.connections += 1;
    std::string failure = "the Service cannot be reached that way";
    if (goal) {
      auto result = prober.Connect(host, goal->address, goal->port, Protocol::kTcp, nullptr, now);
      if (!result.ok()) return result.status();
      if (result->ok()) {
        counts[result->connection->backend.address] += 1;
        continue;
      }
      failure = fmt::format("{}: {}", result->failure->hop, result->failure->reason);
    }
    if (report.failed++ == 0) {
      report.first_failure =
          fmt::format("{} to {}: {}", host.name, KeyOf(service).ToString(), failure);
    }
  }
  Summarize(counts, cluster, report);
  return report;
}

}  // namespace pointsman::cluster
