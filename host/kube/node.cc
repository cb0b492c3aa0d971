#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

Taint DecodeTaint(const Field& field) {
  return {
      .key = field["key"].Text(), .value = field["value"].Text(), .effect = field["effect"].Text()};
}

NodeAddress DecodeAddress(const Field& field) {
  NodeAddress address{.type = field["type"].Text(), .address = field["address"].Text()};
  const bool is_ip = address.type == "InternalIP" || address.type == "ExternalIP";
  if (is_ip) {
    if (const auto ip = field["address"].Ip()) address.address = ip->ToString();
  }
  return address;
}

}  // namespace

Node DecodeNode(const Field& root) {
  const Field spec = root["spec"];
  const Field status = root["status"];
  Node node;
  node.pod_cidrs = spec["podCIDRs"].ListOf([](const Field& item) { return item.Prefix(); });
  const Field pod_cidr = spec["podCIDR"];
  const bool has_pod_cidr = pod_cidr.present() && !(pod_cidr.IsText() && pod_cidr.Text().empty());
  if (node.pod_cidrs.empty() && has_pod_cidr) {
    if (const auto prefix = pod_cidr.Prefix()) node.pod_cidrs.push_back(*prefix);
  }
  node.taints = spec["taints"].List(DecodeTaint);
  node.addresses = status["addresses"].List(DecodeAddress);
  return node;
}

ServiceCidr DecodeServiceCidr(const Field& root) {
  ServiceCidr range;
  range.cidrs = root["spec"]["cidrs"].ListOf([](const Field& item) { return item.Prefix(); });
  return range;
}

}  // namespace pointsman::kube
