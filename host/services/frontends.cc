#include "host/services/frontends.h"

#include <algorithm>
#include <optional>

namespace pointsman {
namespace {

using kube::IpAddress;

struct Rules {
  ClientRule outside;
  ClientRule inside;
};

ClientRule Rule(const EndpointSets& sets, EndpointScope scope, bool masquerade) {
  const bool empty = (scope == EndpointScope::kLocal ? sets.local : sets.cluster).empty();
  if (!empty) return {FrontendAction::kForward, masquerade, scope};
  return {sets.any ? FrontendAction::kDrop : FrontendAction::kReject, false, scope};
}

Rules InternalRules(const ServedPort& port, const EndpointSets& sets, const NodeFacts& facts) {
  const EndpointScope scope = port.internal_local ? EndpointScope::kLocal : EndpointScope::kCluster;
  const bool tells_pods = facts.TellsPods(port.cluster_ip.family());
  return {.outside = Rule(sets, scope, tells_pods || facts.masquerade_all),
          .inside = Rule(sets, scope, facts.masquerade_all)};
}

Rules ExternalRules(const ServedPort& port, const EndpointSets& sets) {
  if (port.external_local) {
    return {.outside = Rule(sets, EndpointScope::kLocal, false),
            .inside = Rule(sets, EndpointScope::kCluster, false)};
  }
  const ClientRule rule = Rule(sets, EndpointScope::kCluster, true);
  return {.outside = rule, .inside = rule};
}

}  // namespace

std::string_view ToString(FrontendKind kind) {
  switch (kind) {
    case FrontendKind::kClusterIp:
      return "ClusterIP";
    case FrontendKind::kLoadBalancer:
      return "LoadBalancer";
    case FrontendKind::kExternalIp:
      return "ExternalIP";
    case FrontendKind::kNodePort:
      break;
  }
  return "NodePort";
}

std::string_view FieldOf(FrontendKind kind) {
  switch (kind) {
    case FrontendKind::kClusterIp:
      return "spec.clusterIPs";
    case FrontendKind::kLoadBalancer:
      return "status.loadBalancer.ingress";
    case FrontendKind::kExternalIp:
      return "spec.externalIPs";
    case FrontendKind::kNodePort:
      break;
  }
  return "spec.ports[].nodePort";
}

std::vector<kube::IpPrefix> AllowedSources(const ServedPort& port, const NodeFacts& facts) {
  const std::vector<kube::IpPrefix>& ranges = port.source_ranges;
  const auto is_everybody = [](const kube::IpPrefix& range) { return range.length_bits() == 0; };
  if (ranges.empty() || std::ranges::any_of(ranges, is_everybody)) return {};
  std::vector<kube::IpPrefix> allowed = ranges;
  const std::optional<IpAddress> node = facts.Primary(port.cluster_ip.family());
  const auto has_node = [&](const kube::IpPrefix& range) { return node && range.Contains(*node); };
  if (std::ranges::any_of(ranges, has_node)) {
    for (const IpAddress& ip : port.load_balancer_ips) allowed.push_back(kube::IpPrefix::Of(ip));
  }
  return allowed;
}

std::vector<ServedAddress> ServedAddresses(const ServedPort& port, const EndpointSets& sets,
                                           const NodeFacts& facts) {
  std::vector<ServedAddress> out;
  const auto add = [&](FrontendKind kind, const IpAddress& address, uint16_t number,
                       const Rules& rules) {
    out.push_back({kind, address, number, rules.outside, rules.inside, {}});
  };
  const Rules external = ExternalRules(port, sets);
  const std::vector<kube::IpPrefix> allowed = AllowedSources(port, facts);
  add(FrontendKind::kClusterIp, port.cluster_ip, port.port, InternalRules(port, sets, facts));
  for (const IpAddress& ip : port.load_balancer_ips) {
    add(FrontendKind::kLoadBalancer, ip, port.port, external);
    out.back().source_ranges = allowed;
  }
  for (const IpAddress& ip : port.external_ips) {
    add(FrontendKind::kExternalIp, ip, port.port, external);
  }
  if (port.node_port != 0) {
    for (const IpAddress& ip : facts.NodePortAddresses(port.cluster_ip.family())) {
      add(FrontendKind::kNodePort, ip, port.node_port, external);
    }
  }
  return out;
}

}  // namespace pointsman
