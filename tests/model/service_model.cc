#include "tests/model/service_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace pointsman::model {
namespace {

using kube::Endpoint;
using kube::EndpointSlice;
using kube::IpAddress;
using kube::IpFamily;
using kube::Service;
using kube::ServicePort;
using kube::TrafficPolicy;

template <typename List, typename Value>
bool Has(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsOfNode(const NodeFacts& facts, const IpAddress& address) {
  return Has(facts.primary_addresses, address) || Has(facts.other_addresses, address);
}

bool AnyHolds(const std::vector<kube::IpPrefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const kube::IpPrefix& prefix) { return prefix.Contains(address); });
}

std::optional<IpAddress> ClusterIp(const Service& service, IpFamily family) {
  if (service.type == kube::ServiceType::kExternalName || service.headless) return std::nullopt;
  if (service.metadata.labels.contains("service.kubernetes.io/headless")) return std::nullopt;
  if (service.metadata.labels.contains("service.kubernetes.io/service-proxy-name")) {
    return std::nullopt;
  }
  for (const IpAddress& ip : service.cluster_ips) {
    if (ip.family() == family) return ip;
  }
  return std::nullopt;
}

std::vector<IpAddress> LoadBalancerIps(const Service& service) {
  std::vector<IpAddress> ips;
  for (const auto& ingress : service.load_balancer_ingress) {
    if (ingress.ip && ingress.ip_mode == kube::IpMode::kVip) ips.push_back(*ingress.ip);
  }
  return ips;
}

bool ServesNodePortAt(const NodeFacts& facts, const IpAddress& address) {
  if (address.IsLoopback()) return false;
  if (facts.node_port_addresses.empty()) return Has(facts.primary_addresses, address);
  return IsOfNode(facts, address) && AnyHolds(facts.node_port_addresses, address);
}

enum class Where { kClusterIp, kLoadBalancer, kExternal, kNodePort };

// How the packet reaches this port of the Service, if it does.
std::optional<Where> Reaches(const Service& service, const ServicePort& port,
                             const NodeFacts& facts, const AskedPacket& packet, bool node_ports) {
  if (port.protocol != packet.protocol) return std::nullopt;
  const auto cluster_ip = ClusterIp(service, packet.destination.family());
  if (!cluster_ip) return std::nullopt;
  if (node_ports) {
    const bool met = port.node_port != 0 && port.node_port == packet.port &&
                     ServesNodePortAt(facts, packet.destination);
    return met ? std::optional(Where::kNodePort) : std::nullopt;
  }
  if (port.port != packet.port) return std::nullopt;
  if (*cluster_ip == packet.destination) return Where::kClusterIp;
  if (Has(LoadBalancerIps(service), packet.destination)) return Where::kLoadBalancer;
  if (Has(service.external_ips, packet.destination)) return Where::kExternal;
  return std::nullopt;
}

struct Found {
  const Service* service;
  const ServicePort* port;
  Where where;
};

std::optional<Found> FindPort(const kube::ObjectSet& objects, const NodeFacts& facts,
                              const AskedPacket& packet) {
  for (const bool node_ports : {false, true}) {
    for (const auto& [key, service] : objects.services) {
      for (const ServicePort& port : service.ports) {
        const auto where = Reaches(service, port, facts, packet, node_ports);
        if (where) return Found{&service, &port, *where};
      }
    }
  }
  return std::nullopt;
}

struct Candidate {
  const Endpoint* endpoint;
  uint16_t port;
};
using Candidates = std::vector<Candidate>;

Candidates EndpointsOf(const kube::ObjectSet& objects, const Found& found, IpFamily family) {
  Candidates out;
  for (const auto& [key, slice] : objects.endpoint_slices) {
    if (key.ns != found.service->metadata.ns || slice.address_type != family) continue;
    const auto label = slice.metadata.labels.find("kubernetes.io/service-name");
    if (label == slice.metadata.labels.end() || label->second != found.service->metadata.name) {
      continue;
    }
    for (const kube::EndpointPort& port : slice.ports) {
      if (port.name != found.port->name || port.protocol != found.port->protocol) continue;
      for (const Endpoint& endpoint : slice.endpoints) out.push_back({&endpoint, *port.port});
    }
  }
  return out;
}

template <typename Keep>
Candidates Only(const Candidates& from, Keep keep) {
  Candidates out;
  std::copy_if(from.begin(), from.end(), std::back_inserter(out),
               [&](const Candidate& c) { return keep(*c.endpoint); });
  return out;
}

bool IsDraining(const Endpoint& e) { return e.serving && e.terminating; }

Candidates UnderPolicyLocal(const Candidates& all, const std::string& node) {
  const Candidates local = Only(all, [&](const Endpoint& e) { return e.node_name == node; });
  const Candidates ready = Only(local, [](const Endpoint& e) { return e.ready; });
  return ready.empty() ? Only(local, IsDraining) : ready;
}

// Hints are followed where every ready endpoint has one, and one leads here.
template <typename HintsOf>
bool HintsLeadTo(const Candidates& ready, const std::string& here, HintsOf hints_of) {
  if (here.empty()) return false;
  bool one_leads_here = false;
  for (const Candidate& candidate : ready) {
    const std::vector<std::string>& hints = hints_of(*candidate.endpoint);
    if (hints.empty()) return false;
    one_leads_here = one_leads_here || Has(hints, here);
  }
  return one_leads_here;
}

Candidates UnderPolicyCluster(const Candidates& all, const NodeFacts& facts) {
  const Candidates ready = Only(all, [](const Endpoint& e) { return e.ready; });
  if (ready.empty()) return Only(all, IsDraining);
  const auto by_node = [](const Endpoint& e) -> const auto& { return e.hints_for_nodes; };
  const auto by_zone = [](const Endpoint& e) -> const auto& { return e.hints_for_zones; };
  if (HintsLeadTo(ready, facts.name, by_node)) {
    return Only(ready, [&](const Endpoint& e) { return Has(e.hints_for_nodes, facts.name); });
  }
  if (HintsLeadTo(ready, facts.zone, by_zone)) {
    return Only(ready, [&](const Endpoint& e) { return Has(e.hints_for_zones, facts.zone); });
  }
  return ready;
}

bool RangesRefuse(const Found& found, const NodeFacts& facts, const IpAddress& client) {
  if (found.where != Where::kLoadBalancer) return false;
  std::vector<kube::IpPrefix> ranges;
  for (const auto& range : found.service->load_balancer_source_ranges) {
    if (range.family() == client.family()) ranges.push_back(range);
  }
  if (ranges.empty() || AnyHolds(ranges, client)) return false;
  const auto node = facts.Primary(client.family());
  const bool node_may = node && AnyHolds(ranges, *node);
  return !(node_may && Has(LoadBalancerIps(*found.service), client));
}

Allowed One(Fate fate) {
  Outcome outcome;
  outcome.fate = fate;
  return {{outcome}, false};
}

Allowed AtPort(const kube::ObjectSet& objects, const NodeFacts& facts, const Found& found,
               const AskedPacket& packet) {
  if (RangesRefuse(found, facts, packet.source)) return One(Fate::kDrop);
  const bool from_node = IsOfNode(facts, packet.source);
  const bool from_pod = AnyHolds(facts.pod_cidrs, packet.source);
  const bool internal = found.where == Where::kClusterIp;
  const bool policy_local =
      (internal ? found.service->internal_traffic_policy
                : found.service->external_traffic_policy) == TrafficPolicy::kLocal;
  const bool short_cut = !internal && (from_node || from_pod);
  const Candidates all = EndpointsOf(objects, found, packet.destination.family());
  const Candidates used = policy_local && !short_cut ? UnderPolicyLocal(all, facts.name)
                                                     : UnderPolicyCluster(all, facts);
  if (used.empty()) {
    const bool any = !Only(all, [](const Endpoint& e) { return e.ready || IsDraining(e); }).empty();
    return One(any ? Fate::kDrop : Fate::kReject);
  }
  bool masquerade = !internal && !policy_local;
  if (internal) {
    const bool tells_pods =
        std::any_of(facts.pod_cidrs.begin(), facts.pod_cidrs.end(),
                    [&](const auto& cidr) { return cidr.family() == packet.source.family(); });
    masquerade = facts.masquerade_all || (tells_pods && !from_pod);
  }
  Allowed allowed;
  allowed.sticky = found.service->session_affinity == kube::SessionAffinity::kClientIp;
  for (const Candidate& candidate : used) {
    const IpAddress& address = candidate.endpoint->addresses.front();
    allowed.outcomes.insert({Fate::kForward, address, candidate.port,
                             from_node || masquerade || address == packet.source});
  }
  return allowed;
}

}  // namespace

std::string AskedPacket::ToString() const {
  return fmt::format("{} {} -> {} port {}", kube::ToString(protocol), source.ToString(),
                     destination.ToString(), port);
}

std::string Outcome::ToString() const {
  static constexpr const char* kWords[] = {"pass", "drop", "reject", "forward"};
  const char* word = kWords[static_cast<size_t>(fate)];
  if (fate != Fate::kForward) return word;
  return fmt::format("{} to {} port {}{}", word, endpoint.ToString(), port,
                     from_node ? " from the node" : "");
}

Allowed Ask(const kube::ObjectSet& objects, const NodeFacts& facts, const AskedPacket& packet) {
  const IpFamily family = packet.destination.family();
  if (!facts.Primary(family)) return One(Fate::kPass);
  if (const auto found = FindPort(objects, facts, packet)) {
    return AtPort(objects, facts, *found, packet);
  }
  for (const auto& [key, service] : objects.services) {
    if (ClusterIp(service, family) == packet.destination) return One(Fate::kReject);
  }
  return One(AnyHolds(facts.service_cidrs, packet.destination) ? Fate::kDrop : Fate::kPass);
}

}  // namespace pointsman::model
