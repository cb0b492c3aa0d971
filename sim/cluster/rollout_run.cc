#include "sim/cluster/rollout_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "host/services/endpoint_sets.h"
#include "host/services/table_values.h"
#include "sim/cluster/workload.h"

namespace pointsman::cluster {
namespace {

class RolloutRun {
 public:
  RolloutRun(const Rollout& rollout, Cluster& cluster, Prober& prober, absl::Time now)
      : rollout_(rollout),
        cluster_(cluster),
        prober_(prober),
        now_(now),
        objects_(cluster.objects()),
        workload_(cluster.setup()) {
    report_.deployment = rollout.deployment;
    for (const auto& [key, pod] : objects_.pods) {
      for (const kube::IpAddress& ip : pod.pod_ips) workload_.Take(ip);
    }
  }

  absl::StatusOr<RolloutReport> Run() {
    const std::vector<kube::ObjectKey> old_pods = PodsOfDeployment();
    report_.least_targets = static_cast<int>(cluster_.setup().nodes.size());
    if (absl::Status status = OpenConnections(); !status.ok()) return status;
    if (absl::Status status = Look(); !status.ok()) return status;
    for (const kube::ObjectKey& old_pod : old_pods) {
      for (const auto change : {&RolloutRun::BringUpAndDrain, &RolloutRun::Remove}) {
        if (absl::Status status = (this->*change)(old_pod); !status.ok()) return status;
        if (absl::Status status = Reprogram(); !status.ok()) return status;
        if (absl::Status status = Look(); !status.ok()) return status;
      }
      report_.pods += 1;
    }
    return std::move(report_);
  }

 private:
  std::vector<kube::ObjectKey> PodsOfDeployment() const {
    std::vector<kube::ObjectKey> keys;
    for (const auto& [key, pod] : objects_.pods) {
      const std::string full = fmt::format("{}/{}", key.ns, key.name);
      const size_t dash = full.rfind('-');
      if (full.substr(0, dash) == rollout_.deployment) keys.push_back(key);
    }
    // By number, not by text.
    std::ranges::sort(keys, [](const kube::ObjectKey& a, const kube::ObjectKey& b) {
      return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
    });
    return keys;
  }

  absl::Status BringUpAndDrain(const kube::ObjectKey& old_key) {
    kube::Pod& old_pod = objects_.pods.at(old_key);
    const auto& nodes = cluster_.setup().nodes;
    const auto node = std::ranges::find(nodes, old_pod.node_name, &NodeSetup::name);
    const size_t next = static_cast<size_t>(node - nodes.begin() + 1) % nodes.size();
    const uint16_t port = old_pod.ports.empty() ? 0 : old_pod.ports.front().container_port;
    auto pod =
        workload_.MakePod(old_key.ns, old_key.name + "-new", old_pod.metadata.labels, port, next);
    if (!pod) {
      return absl::InvalidArgumentError(
          fmt::format("node {} has no more addresses for pods", nodes[next].name));
    }
    old_pod.metadata.deletion_timestamp = now_;
    objects_.Apply(*std::move(pod));
    return absl::OkStatus();
  }

  absl::Status Remove(const kube::ObjectKey& old_key) {
    const Address gone = TableAddress(objects_.pods.at(old_key).pod_ips.front());
    objects_.Delete(old_key);
    report_.ended += static_cast<int64_t>(
        std::erase_if(open_, [&](const Connection& one) { return one.backend.address == gone; }));
    return absl::OkStatus();
  }

  // The slices were made from the pods, and are made anew.
  absl::Status Reprogram() {
    std::erase_if(objects_.endpoint_slices, [&](const auto& entry) {
      return entry.second.metadata.ns == rollout_.service.ns &&
             entry.second.ServiceName() == rollout_.service.name;
    });
    return cluster_.Program(objects_);
  }

  const Host& Client() {
    const auto& clients = cluster_.setup().outside;
    return *cluster_.FindHost("client " + clients[next_client_++ % clients.size()].name);
  }

  uint16_t ServicePort() const { return objects_.services.at(rollout_.service).ports.front().port; }

  absl::StatusOr<ProbeResult> ConnectByBalancer() {
    return prober_.Connect(Client(), TableAddress(rollout_.balancer), ServicePort(), Protocol::kTcp,
                           nullptr, now_);
  }

  void Note(const std::string& what, const std::string& of, const Failure& failure) {
    if (!report_.first_wrong.empty()) return;
    report_.first_wrong = fmt::format("{} {}: {}: {}", what, of, failure.hop, failure.reason);
  }

  absl::Status OpenConnections() {
    for (int i = 0; i < rollout_.connections; ++i) {
      auto result = ConnectByBalancer();
      if (!result.ok()) return result.status();
      if (!result->ok()) {
        report_.failed_by_balancer += 1;
        Note("a connection", "at the start", *result->failure);
        continue;
      }
      open_.push_back(*std::move(result->connection));
    }
    report_.connections = static_cast<int64_t>(open_.size());
    return absl::OkStatus();
  }

  absl::Status Look() {
    CheckTargets();
    if (absl::Status status = ExchangeOnAll(); !status.ok()) return status;
    for (int i = 0; i < rollout_.new_connections_a_step; ++i) {
      auto result = ConnectByBalancer();
      if (!result.ok()) return result.status();
      report_.new_by_balancer += 1;
      if (result->ok()) continue;
      report_.failed_by_balancer += 1;
      Note("a new connection", "by the balancer", *result->failure);
    }
    return ConnectToEveryNode();
  }

  absl::Status ExchangeOnAll() {
    for (const Connection& connection : open_) {
      auto result = prober_.Exchange(connection, now_);
      if (!result.ok()) return result.status();
      report_.exchanges += 1;
      if (result->ok() && result->connection->backend.address == connection.backend.address) {
        continue;
      }
      report_.broken += 1;
      Note("the connection to", connection.backend.name,
           result->failure.value_or(Failure{"", "", "another pod answers"}));
    }
    return absl::OkStatus();
  }

  // Nodes with endpoints that a new connection may use under policy Local, and with ready ones.
  std::set<std::string> NodesWith(bool only_ready) const {
    std::set<std::string> ready;
    std::set<std::string> draining;
    for (const auto& [key, slice] : cluster_.objects().endpoint_slices) {
      if (slice.metadata.ns != rollout_.service.ns || slice.ServiceName() != rollout_.service.name)
        continue;
      for (const kube::Endpoint& endpoint : slice.endpoints) {
        if (endpoint.ready) ready.insert(endpoint.node_name);
        if (endpoint.serving && endpoint.terminating) draining.insert(endpoint.node_name);
      }
    }
    if (!only_ready) ready.merge(draining);
    return ready;
  }

  void CheckTargets() {
    std::set<Address> expected;
    const std::set<std::string> ready = NodesWith(/*only_ready=*/true);
    for (const NodeSetup& node : cluster_.setup().nodes) {
      if (ready.contains(node.name)) expected.insert(TableAddress(node.address));
    }
    for (const LoadBalancer& balancer : cluster_.load_balancers()) {
      if (balancer.setup().public_address != rollout_.balancer) continue;
      const auto listener = balancer.listeners().find({ServicePort(), Protocol::kTcp});
      std::set<Address> targets;
      if (listener != balancer.listeners().end()) {
        for (const Target& target : listener->second.targets) targets.insert(target.address);
      }
      const int count = static_cast<int>(targets.size());
      report_.least_targets = std::min(report_.least_targets, count);
      report_.most_targets = std::max(report_.most_targets, count);
      if (targets != expected) report_.wrong_targets += 1;
    }
  }

  absl::Status ConnectToEveryNode() {
    const std::set<std::string> usable = NodesWith(/*only_ready=*/false);
    const uint16_t port = objects_.services.at(rollout_.service).ports.front().node_port;
    for (const NodeSetup& node : cluster_.setup().nodes) {
      if (!node.public_address) continue;
      auto result = prober_.Connect(Client(), TableAddress(*node.public_address), port,
                                    Protocol::kTcp, nullptr, now_);
      if (!result.ok()) return result.status();
      const bool has_endpoint = usable.contains(node.name);
      report_.new_by_node_port += 1;
      if (result->ok()) {
        report_.reached_without_endpoint += has_endpoint ? 0 : 1;
      } else if (has_endpoint) {
        report_.failed_with_endpoint += 1;
        Note("a new connection", "to node " + node.name, *result->failure);
      } else {
        report_.failed_without_endpoint += 1;
      }
    }
    return absl::OkStatus();
  }

  const Rollout& rollout_;
  Cluster& cluster_;
  Prober& prober_;
  const absl::Time now_;
  kube::ObjectSet objects_;
  Workload workload_;
  std::vector<Connection> open_;
  size_t next_client_ = 0;
  RolloutReport report_;
};

}  // namespace

absl::StatusOr<RolloutReport> RunRollout(const Rollout& rollout, Cluster& cluster, Prober& prober,
                                         absl::Time now) {
  return RolloutRun(rollout, cluster, prober, now).Run();
}

}  // namespace pointsman::cluster
