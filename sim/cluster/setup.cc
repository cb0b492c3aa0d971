#include "sim/cluster/setup.h"

#include <fmt/format.h>

namespace pointsman::cluster {
namespace {

void AnnotateTunnelEnd(const NodeSetup& setup, size_t number, kube::Node& node) {
  kube::StringMap& annotations = node.metadata.annotations;
  annotations["flannel.alpha.coreos.com/backend-type"] = "vxlan";
  annotations["flannel.alpha.coreos.com/backend-data"] = fmt::format(
      R"({{"VNI":1,"VtepMAC":"02:00:00:01:{:02x}:{:02x}"}})", number >> 8 & 0xff, number & 0xff);
  annotations["flannel.alpha.coreos.com/public-ip"] = setup.address.ToString();
}

}  // namespace

std::string_view ToString(NetworkModel model) {
  return model == NetworkModel::kTunnel ? "tunnel" : "vpc";
}

std::string_view ToString(ForwardingMode mode) {
  switch (mode) {
    case ForwardingMode::kIptables:
      return "iptables";
    case ForwardingMode::kIpvs:
      return "ipvs";
    case ForwardingMode::kPointsman:
      break;
  }
  return "pointsman";
}

std::vector<kube::Node> NodeObjects(const ClusterSetup& setup) {
  std::vector<kube::Node> nodes;
  for (const NodeSetup& one : setup.nodes) {
    kube::Node node;
    node.metadata.name = one.name;
    if (!one.zone.empty()) node.metadata.labels["topology.kubernetes.io/zone"] = one.zone;
    node.metadata.annotations["pointsman.io/gateway-mac"] = "02:00:00:00:00:01";
    node.metadata.annotations["pointsman.io/node-mac"] = "02:00:00:00:00:02";
    node.addresses.push_back({"InternalIP", one.address.ToString()});
    if (one.public_address)
      node.addresses.push_back({"ExternalIP", one.public_address->ToString()});
    node.pod_cidrs = {one.pod_cidr};
    if (setup.model == NetworkModel::kTunnel) AnnotateTunnelEnd(one, nodes.size(), node);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

kube::IpAddress TunnelAddress(const NodeSetup& node) { return node.pod_cidr.address(); }

}  // namespace pointsman::cluster
