#include "sim/cluster/matrix.h"

#include <fmt/format.h>

#include <utility>

#include "absl/status/status.h"
#include "host/services/table_values.h"
#include "sim/cluster/matrix_objects.h"
#include "sim/cluster/resolve.h"

namespace pointsman::cluster {
namespace {

using C = MatrixClient;
using T = MatrixTarget;
using A = MatrixAddress;
using S = MatrixService;

constexpr MatrixRow kRows[] = {
    {S::kNodePort, C::kNodeWithBackend, T::kServerNode, A::kEither},
    {S::kNodePort, C::kNodeWithBackend, T::kOtherNode, A::kEither},
    {S::kNodePort, C::kNodeWithoutBackend, T::kServerNode, A::kEither},
    {S::kNodePort, C::kNodeWithoutBackend, T::kClientNode, A::kPrivate},
    {S::kNodePort, C::kNodeWithoutBackend, T::kClientNode, A::kPublic},
    {S::kNodePort, C::kNodeWithoutBackend, T::kOtherNode, A::kEither},
    {S::kNodePort, C::kPodOnBackendNode, T::kServerNode, A::kPublic},
    {S::kNodePort, C::kPodOnBackendNode, T::kServerNode, A::kPrivate},
    {S::kNodePort, C::kPodOnBackendNode, T::kOtherNode, A::kEither},
    {S::kNodePort, C::kPodOnOtherNode, T::kServerNode, A::kEither},
    {S::kNodePort, C::kPodOnOtherNode, T::kClientNode, A::kPrivate},
    {S::kNodePort, C::kPodOnOtherNode, T::kOtherNode, A::kEither},
    {S::kSharedBalancer, C::kNodeWithBackend, T::kLoadBalancer, A::kPrivate},
    {S::kSharedBalancer, C::kPodOnBackendNode, T::kLoadBalancer, A::kPrivate},
    {S::kDedicatedBalancer, C::kNodeWithBackend, T::kLoadBalancer, A::kPrivate},
    {S::kDedicatedBalancer, C::kPodOnBackendNode, T::kLoadBalancer, A::kPrivate},
};

constexpr uint16_t kServicePort = 80;

// Nothing ages while a cell is asked.
const absl::Time kNow = absl::UnixEpoch();

const char* HostOf(MatrixClient client) {
  switch (client) {
    case C::kNodeWithBackend:
      return "node node-b";
    case C::kNodeWithoutBackend:
      return "node node-a";
    case C::kPodOnBackendNode:
      return "pod default/client-b";
    case C::kPodOnOtherNode:
      break;
  }
  return "pod default/client-a";
}

// Private and public address of whom the row's target is.
std::pair<kube::IpAddress, kube::IpAddress> AddressesOf(const MatrixRow& row,
                                                        const ClusterSetup& setup) {
  if (row.target == T::kLoadBalancer) {
    const auto& one = setup.load_balancers[row.service == S::kSharedBalancer ? 0 : 1];
    return {one.address, *one.public_address};
  }
  const size_t node = row.target == T::kClientNode ? 0 : row.target == T::kServerNode ? 1 : 2;
  return {setup.nodes[node].address, *setup.nodes[node].public_address};
}

}  // namespace

std::string_view ToString(MatrixClient client) {
  constexpr std::string_view kNames[] = {"node-with-backend", "node-without-backend",
                                         "pod-on-backend-node", "pod-on-other-node"};
  return kNames[static_cast<size_t>(client)];
}

std::string_view ToString(MatrixTarget target) {
  constexpr std::string_view kNames[] = {"server-node", "client-node", "other-node",
                                         "load-balancer"};
  return kNames[static_cast<size_t>(target)];
}

std::string_view ToString(MatrixAddress address) {
  constexpr std::string_view kNames[] = {"private or public", "private", "public"};
  return kNames[static_cast<size_t>(address)];
}

std::string_view ToString(MatrixService service) {
  constexpr std::string_view kNames[] = {"NodePort", "LoadBalancer (shared)",
                                         "LoadBalancer (dedicated)"};
  return kNames[static_cast<size_t>(service)];
}

std::string_view ToString(Remedy remedy) {
  constexpr std::string_view kNames[] = {"none",
                                         "the cluster IP",
                                         "the Service's DNS name",
                                         "externalTrafficPolicy: Cluster",
                                         "annotation kubernetes.io/elb.pass-through",
                                         "ipMode: Proxy"};
  return kNames[static_cast<size_t>(remedy)];
}

bool AppliesTo(Remedy remedy, const MatrixRow& row) {
  const bool for_balancers = remedy == Remedy::kPassThrough || remedy == Remedy::kIpModeProxy;
  return !for_balancers || row.target == T::kLoadBalancer;
}

std::span<const MatrixRow> MatrixRows() { return kRows; }

MatrixColumn ColumnOf(NetworkModel model, ForwardingMode mode) {
  const bool is_fifth = model == NetworkModel::kVpc && mode == ForwardingMode::kPointsman;
  return {is_fifth ? "pointsman" : fmt::format("{}-{}", ToString(model), ToString(mode)), model,
          mode};
}

std::vector<MatrixColumn> MatrixColumns() {
  return {ColumnOf(NetworkModel::kTunnel, ForwardingMode::kIpvs),
          ColumnOf(NetworkModel::kVpc, ForwardingMode::kIpvs),
          ColumnOf(NetworkModel::kTunnel, ForwardingMode::kIptables),
          ColumnOf(NetworkModel::kVpc, ForwardingMode::kIptables),
          ColumnOf(NetworkModel::kVpc, ForwardingMode::kPointsman)};
}

absl::StatusOr<std::unique_ptr<MatrixCluster>> MatrixCluster::Open(const MatrixColumn& column,
                                                                   Remedy remedy,
                                                                   const OpenNodeDatapath& open) {
  auto cluster = Cluster::Create(MatrixSetup(column), MatrixObjects(remedy), open);
  if (!cluster.ok()) return cluster.status();
  return std::unique_ptr<MatrixCluster>(new MatrixCluster(column, remedy, *std::move(cluster)));
}

absl::StatusOr<MatrixCell> MatrixCluster::Ask(const MatrixRow& row) {
  if (remedy_ == Remedy::kClusterIp || remedy_ == Remedy::kDnsName) {
    const absl::StatusOr<kube::IpAddress> address = ClusterIp(row);
    if (!address.ok()) return address.status();
    return AskAt(row, *address, kServicePort);
  }
  const auto& service = cluster_->objects().services.at(ServiceOf(row.service));
  const uint16_t port =
      row.target == T::kLoadBalancer ? kServicePort : service.ports.front().node_port;
  const auto [private_address, public_address] = AddressesOf(row, cluster_->setup());
  if (row.address == A::kPrivate) return AskAt(row, private_address, port);
  if (row.address == A::kPublic) return AskAt(row, public_address, port);
  absl::StatusOr<MatrixCell> by_private = AskAt(row, private_address, port);
  if (!by_private.ok() || !by_private->ok) return by_private;
  absl::StatusOr<MatrixCell> by_public = AskAt(row, public_address, port);
  return by_public.ok() && by_public->ok ? by_private : by_public;
}

absl::StatusOr<MatrixCell> MatrixCluster::AskAt(const MatrixRow& row,
                                                const kube::IpAddress& address, uint16_t port) {
  MatrixCell cell;
  auto result = prober_.Connect(*cluster_->FindHost(HostOf(row.client)), TableAddress(address),
                                port, Protocol::kTcp, &cell.hops, kNow);
  if (!result.ok()) return result.status();
  cell.ok = result->ok();
  cell.result = *std::move(result);
  if (cell.result.connection) {
    cell.source_seen = pointsman::Describe(cell.result.connection->received.source);
  }
  if (!cell.ok) {
    const Failure& failure = *cell.result.failure;
    cell.reason = fmt::format("{}: {}", failure.hop, failure.reason);
  } else {
    cell.reason =
        fmt::format("{} answers {}", cell.result.connection->backend.name, cell.source_seen);
  }
  return cell;
}

absl::StatusOr<kube::IpAddress> MatrixCluster::ClusterIp(const MatrixRow& row) const {
  const kube::ObjectKey service = ServiceOf(row.service);
  if (remedy_ == Remedy::kDnsName) {
    return Resolve(cluster_->objects(),
                   fmt::format("{}.{}.svc.cluster.local", service.name, service.ns));
  }
  return cluster_->objects().services.at(service).cluster_ips.front();
}

}  // namespace pointsman::cluster
