// The access matrix: who reaches a Service with externalTrafficPolicy Local from inside the
// cluster, by forwarding mode and network model, and what helps. Each cell is a connection through
// a virtual cluster of three nodes: node-b runs the backends, node-a and node-c do not. Not
// thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_MATRIX_H_
#define POINTSMAN_SIM_CLUSTER_MATRIX_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/cluster/cluster.h"
#include "sim/cluster/probe.h"

namespace pointsman::cluster {

enum class MatrixClient : uint8_t {
  kNodeWithBackend,
  kNodeWithoutBackend,
  kPodOnBackendNode,
  kPodOnOtherNode,
};
enum class MatrixTarget : uint8_t { kServerNode, kClientNode, kOtherNode, kLoadBalancer };
enum class MatrixAddress : uint8_t { kEither, kPrivate, kPublic };
enum class MatrixService : uint8_t { kNodePort, kSharedBalancer, kDedicatedBalancer };

std::string_view ToString(MatrixClient client);    // "node-with-backend"
std::string_view ToString(MatrixTarget target);    // "server-node"
std::string_view ToString(MatrixAddress address);  // "private", "private or public"
std::string_view ToString(MatrixService service);  // "NodePort"

struct MatrixRow {
  MatrixService service;
  MatrixClient client;
  MatrixTarget target;
  MatrixAddress address;
};

// In the order of the table they come from; row 1 is the first.
std::span<const MatrixRow> MatrixRows();

struct MatrixColumn {
  std::string name;  // "tunnel-ipvs"; "pointsman" is in network model vpc
  NetworkModel model = NetworkModel::kVpc;
  ForwardingMode mode = ForwardingMode::kPointsman;
};

MatrixColumn ColumnOf(NetworkModel model, ForwardingMode mode);
// The four of the source, then pointsman.
std::vector<MatrixColumn> MatrixColumns();

// What helps. A remedy for load balancers does not apply to other rows.
enum class Remedy : uint8_t {
  kNone,
  kClusterIp,      // use the Service's cluster IP
  kDnsName,        // or its name
  kClusterPolicy,  // externalTrafficPolicy: Cluster
  kPassThrough,    // the annotation kubernetes.io/elb.pass-through
  kIpModeProxy,    // status.loadBalancer.ingress[].ipMode: Proxy
};
inline constexpr Remedy kRemedies[] = {Remedy::kClusterIp, Remedy::kDnsName, Remedy::kClusterPolicy,
                                       Remedy::kPassThrough, Remedy::kIpModeProxy};
std::string_view ToString(Remedy remedy);  // "externalTrafficPolicy: Cluster"
bool AppliesTo(Remedy remedy, const MatrixRow& row);

struct MatrixCell {
  bool ok = false;
  // Of the address that failed, where the row has two and one does; the first otherwise.
  ProbeResult result;
  std::vector<Hop> hops;
  std::string reason;       // why it failed, or who answered
  std::string source_seen;  // by the backend; empty: it was not reached
};

class MatrixCluster {
 public:
  // Errors: those of Cluster::Create.
  static absl::StatusOr<std::unique_ptr<MatrixCluster>> Open(const MatrixColumn& column,
                                                             Remedy remedy,
                                                             const OpenNodeDatapath& open);

  // Errors: those of a datapath.
  absl::StatusOr<MatrixCell> Ask(const MatrixRow& row);

  const Cluster& cluster() const { return *cluster_; }

 private:
  MatrixCluster(const MatrixColumn& column, Remedy remedy, std::unique_ptr<Cluster> cluster)
      : column_(column), remedy_(remedy), cluster_(std::move(cluster)), prober_(*cluster_) {}

  absl::StatusOr<MatrixCell> AskAt(const MatrixRow& row, const kube::IpAddress& address,
                                   uint16_t port);
  absl::StatusOr<kube::IpAddress> ClusterIp(const MatrixRow& row) const;

  const MatrixColumn column_;
  const Remedy remedy_;
  const std::unique_ptr<Cluster> cluster_;
  Prober prober_;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_MATRIX_H_
