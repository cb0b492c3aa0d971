#include "sim/cluster/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flow_tables/tunnel.h"
#include "host/datapath/pipeline_executor.h"
#include "host/kube/derive_slices.h"
#include "host/services/table_values.h"
#include "sim/cluster/health_checks.h"

namespace pointsman::cluster {
namespace {

// A packet that is still under way after so many hops goes round in circles.
constexpr int kHopsMax = 16;

constexpr CardSizes kNodeSizes = {.frontends = 8192,
                                  .sources = 256,
                                  .slots = 131072,
                                  .endpoints = 16384,
                                  .next_hops = 1024,
                                  .originals = 32768,
                                  .replies = 32768,
                                  .hash_keys = kSimSizes.hash_keys,
                                  .frontend_counters = 8192,
                                  .endpoint_counters = 16384,
                                  .originals_ipv6 = 64,
                                  .replies_ipv6 = 64,
                                  .affinity = 4096};

std::vector<AddressPrefix> PodPrefixes(const ClusterSetup& setup) {
  std::vector<AddressPrefix> prefixes;
  for (const NodeSetup& node : setup.nodes) prefixes.push_back(TablePrefix(node.pod_cidr));
  return prefixes;
}

bool HasEnded(const kube::Pod& pod) {
  return pod.phase == kube::PodPhase::kSucceeded || pod.phase == kube::PodPhase::kFailed;
}

bool HasPort(const kube::Pod& pod, uint16_t port, Protocol protocol) {
  return pod.ports.empty() || std::ranges::any_of(pod.ports, [&](const kube::ContainerPort& one) {
           return one.container_port == port && TableProtocol(one.protocol) == protocol;
         });
}

}  // namespace

std::unique_ptr<Datapath> OpenSoftwareDatapath() {
  return std::make_unique<Datapath>(MakePipelineExecutor(kNodeSizes));
}

Cluster::Cluster(ClusterSetup setup)
    : setup_(std::move(setup)), gateway_(setup_), pod_prefixes_(PodPrefixes(setup_)) {
  std::vector<AddressPrefix> inside = pod_prefixes_;
  inside.push_back(TablePrefix(setup_.private_cidr));
  for (const LoadBalancerSetup& one : setup_.load_balancers) {
    load_balancers_.emplace_back(one, inside);
  }
}

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Create(ClusterSetup setup,
                                                         kube::ObjectSet objects,
                                                         const OpenNodeDatapath& open) {
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(setup)));
  for (size_t i = 0; i < cluster->setup_.nodes.size(); ++i) {
    const NodeSetup& node = cluster->setup_.nodes[i];
    absl::StatusOr<std::unique_ptr<Datapath>> datapath = open(node);
    if (!datapath.ok()) return datapath.status();
    cluster->nodes_.push_back(
        std::make_unique<VirtualNode>(cluster->setup_, i, *std::move(datapath)));
    cluster->node_by_address_[TableAddress(node.address)] = i;
  }
  if (absl::Status status = cluster->Program(std::move(objects)); !status.ok()) return status;
  return cluster;
}

absl::Status Cluster::Program(kube::ObjectSet objects) {
  for (kube::Node& node : NodeObjects(setup_)) {
    if (!objects.Contains(KeyOf(node))) objects.Apply(std::move(node));
  }
  for (kube::EndpointSlice& slice : kube::DeriveSlices(objects)) objects.Apply(std::move(slice));
  if (const auto problems = ProblemsOfBalancedServices(objects, setup_); !problems.empty()) {
    return absl::InvalidArgumentError(problems.front().ToString());
  }
  objects_ = std::move(objects);
  PlaceHosts();
  ProgramLoadBalancers();
  return ProgramNodes();
}

absl::Status Cluster::ProgramNodes() {
  std::vector<absl::flat_hash_set<Address>> pods(nodes_.size());
  for (const Host& host : hosts_) {
    if (host.name.starts_with("pod ") &&
        host.address != TableAddress(setup_.nodes[host.node].address)) {
      pods[host.node].insert(host.address);
    }
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    absl::StatusOr<NodeRules> rules = RulesOf(objects_, setup_, setup_.nodes[i]);
    if (!rules.ok()) return rules.status();
    absl::Status status = nodes_[i]->Program(*std::move(rules), std::move(pods[i]));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Cluster::ProgramLoadBalancers() {
  for (LoadBalancer& one : load_balancers_) {
    one.SetListeners(ListenersOf(objects_, setup_, one.setup()));
  }
}

void Cluster::AddHost(Host host) {
  host_by_name_[host.name] = hosts_.size();
  host_by_address_.try_emplace(host.address, hosts_.size());
  hosts_.push_back(std::move(host));
}

void Cluster::PlaceHosts() {
  hosts_.clear();
  host_by_name_.clear();
  host_by_address_.clear();
  listeners_.clear();
  std::map<std::string, int> node_numbers;
  for (const NodeSetup& node : setup_.nodes) {
    node_numbers[node.name] = static_cast<int>(hosts_.size());
    AddHost({"node " + node.name, TableAddress(node.address), static_cast<int>(hosts_.size())});
  }
  for (const OutsideClient& client : setup_.outside) {
    AddHost({"client " + client.name, TableAddress(client.address)});
  }
  for (const auto& [key, pod] : objects_.pods) {
    const auto node = node_numbers.find(pod.node_name);
    if (node == node_numbers.end() || pod.pod_ips.empty() || HasEnded(pod)) continue;
    const Address address = TableAddress(pod.pod_ips.front());
    AddHost({fmt::format("pod {}/{}", key.ns, key.name), address, node->second});
    listeners_[address].push_back(&pod);
  }
}

const Host* Cluster::FindHost(std::string_view name) const {
  const auto found = host_by_name_.find(std::string(name));
  return found == host_by_name_.end() ? nullptr : &hosts_[found->second];
}

const Host* Cluster::HostAt(const Address& address) const {
  const auto found = host_by_address_.find(address);
  return found == host_by_address_.end() ? nullptr : &hosts_[found->second];
}

bool Cluster::Listens(const Address& host, uint16_t port, Protocol protocol) const {
  const auto found = listeners_.find(host);
  return found != listeners_.end() && std::ranges::any_of(found->second, [&](const kube::Pod* pod) {
           return HasPort(*pod, port, protocol);
         });
}

absl::StatusOr<std::variant<Delivery, Failure>> Cluster::Walk(const Host& host, Frame frame,
                                                              const Trace& trace, absl::Time now) {
  absl::StatusOr<Step> step = FromHost(host, std::move(frame), trace, now);
  for (int hops = 0; hops < kHopsMax; ++hops) {
    if (!step.ok()) return step.status();
    if (step->failure) return *std::move(step->failure);
    if (step->arrived) {
      const auto flow = ParseFlow(step->frame);
      if (!flow || !ChecksumsAreRight(step->frame, *flow)) {
        return Failure{"the receiver", "checksums", "the packet arrives damaged"};
      }
      return Delivery{std::move(step->frame), flow->key.destination};
    }
    step = InUnderlay(std::move(step->frame), trace, now);
  }
  return Failure{"the networks", "time to live", "the packet goes round in circles"};
}

absl::StatusOr<Step> Cluster::FromHost(const Host& host, Frame frame, const Trace& trace,
                                       absl::Time now) {
  if (host.node >= 0) return nodes_[host.node]->FromLocal(std::move(frame), trace, now);
  const auto flow = ParseFlow(frame);
  if (flow && gateway_.IsOutside(flow->key.destination)) {
    return gateway_.Take(std::move(frame), trace);
  }
  return Step{.frame = {},
              .failure = Failure{"the internet", "public addresses",
                                 "no public address: only nodes and load balancers that have one "
                                 "can be reached from outside"}};
}

absl::StatusOr<Step> Cluster::InUnderlay(Frame frame, const Trace& trace, absl::Time now) {
  const auto flow = ParseFlow(frame);
  if (!flow) return Step{.frame = {}, .failure = Failure{"underlay", "", "no packet"}};
  const FlowKey key = flow->key;
  for (LoadBalancer& one : load_balancers_) {
    const bool is_for_it = key.destination == TableAddress(one.setup().address);
    if (is_for_it || one.IsReply(key)) return one.Take(std::move(frame), trace);
  }
  if (gateway_.IsOutside(key.destination)) return gateway_.Take(std::move(frame), trace);
  return ToHostOfUnderlay(std::move(frame), key, trace, now);
}

absl::StatusOr<Step> Cluster::ToHostOfUnderlay(Frame frame, const FlowKey& key, const Trace& trace,
                                               absl::Time now) {
  const auto fail = [&](std::string rule, std::string reason) {
    return Step{.frame = {}, .failure = Failure{"underlay", std::move(rule), std::move(reason)}};
  };
  const auto holds = [](const Address& address) {
    return [&address](const AddressPrefix& prefix) { return prefix.Contains(address); };
  };
  const auto to_pod = std::ranges::find_if(pod_prefixes_, holds(key.destination));
  if (setup_.model == NetworkModel::kTunnel &&
      (to_pod != pod_prefixes_.end() || std::ranges::any_of(pod_prefixes_, holds(key.source)))) {
    return fail("host addresses only",
                fmt::format("{}: the underlay of a tunnel network carries no pod's address",
                            Describe(key)));
  }
  if (const auto node = node_by_address_.find(key.destination); node != node_by_address_.end()) {
    return nodes_[node->second]->FromUplink(std::move(frame), trace, now);
  }
  if (to_pod != pod_prefixes_.end()) {
    return nodes_[static_cast<size_t>(to_pod - pod_prefixes_.begin())]->FromUplink(std::move(frame),
                                                                                   trace, now);
  }
  return fail("routes", fmt::format("nobody has {}", Describe(key.destination)));
}

}  // namespace pointsman::cluster
