#include "host/services/node_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::IpFamily;
using kube::IpPrefix;
using kube::Node;
using kube::Note;

constexpr std::array<uint8_t, 4> kLocalhost = {127, 0, 0, 1};
constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";

bool AnyContains(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.Contains(address); });
}

void AppendFamily(const std::vector<IpAddress>& from, IpFamily family, std::vector<IpAddress>& to) {
  std::copy_if(from.begin(), from.end(), std::back_inserter(to),
               [&](const IpAddress& address) { return address.family() == family; });
}

std::string ValueOf(const kube::StringMap& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

void ReadAddresses(const Node& node, NodeFacts& facts) {
  for (const kube::NodeAddress& entry : node.addresses) {
    if (entry.type != "InternalIP") continue;
    const auto address = IpAddress::ParseStored(entry.address);
    if (!address.ok()) continue;
    const bool first = !facts.Primary(address->family()).has_value();
    (first ? facts.primary_addresses : facts.other_addresses).push_back(*address);
  }
}

std::vector<IpPrefix> PodCidrs(const kube::ObjectSet& objects) {
  std::vector<IpPrefix> cidrs;
  for (const auto& [key, node] : objects.nodes) {
    cidrs.insert(cidrs.end(), node.pod_cidrs.begin(), node.pod_cidrs.end());
  }
  return cidrs;
}

std::vector<IpPrefix> ServiceCidrs(const kube::ObjectSet& objects) {
  std::vector<IpPrefix> cidrs;
  for (const auto& [key, range] : objects.service_cidrs) {
    cidrs.insert(cidrs.end(), range.cidrs.begin(), range.cidrs.end());
  }
  return cidrs;
}

// Reads a MAC address from an annotation into `mac`; where there is none, notes what is used.
absl::Status ReadMac(const Node& node, const char* annotation, MacAddress& mac,
                     std::vector<Note>& notes) {
  const std::string object = KeyOf(node).ToString();
  const std::string text = ValueOf(node.metadata.annotations, annotation);
  if (text.empty()) {
    notes.push_back(
        {.origin = {},
         .object = object,
         .message = fmt::format("no annotation {}: {} is used", annotation, MacText(mac))});
    return absl::OkStatus();
  }
  const absl::StatusOr<MacAddress> parsed = ParseMac(text);
  if (!parsed.ok()) {
    const absl::string_view why = parsed.status().message();
    return absl::InvalidArgumentError(fmt::format("{}: metadata.annotations[{}]: {}", object,
                                                  annotation,
                                                  std::string_view(why.data(), why.size())));
  }
  mac = *parsed;
  return absl::OkStatus();
}

// The tunnels to other Nodes, where the own one has an end.
absl::Status ReadTunnels(const kube::ObjectSet& objects, const Node& own, NotedNodeFacts& out) {
  const auto tunnel = TunnelOf(own);
  if (!tunnel.ok()) return tunnel.status();
  if (!*tunnel) return absl::OkStatus();
  out.facts.tunnel = **tunnel;
  for (const auto& [key, node] : objects.nodes) {
    if (node.metadata.name == own.metadata.name) continue;
    const auto end = TunnelOf(node);
    const auto note = [&, &about = node](std::string message) {
      out.notes.push_back({.origin = {}, .object = KeyOf(about).ToString(), .message = message});
    };
    if (!end.ok()) {
      note(std::string(end.status().message()));
    } else if (*end && (*end)->vni != out.facts.tunnel.vni) {
      note(fmt::format("its VNI is {}, that of Node {} {}: no tunnel leads to it", (*end)->vni,
                       own.metadata.name, out.facts.tunnel.vni));
    } else if (*end) {
      TunnelNode peer{.pod_cidrs = {}, .address = (*end)->address, .mac = (*end)->mac};
      for (const IpPrefix& cidr : node.pod_cidrs) {
        if (cidr.family() == IpFamily::kIPv4) peer.pod_cidrs.push_back(cidr);
      }
      out.facts.tunnel_nodes.push_back(std::move(peer));
    }
  }
  return absl::OkStatus();
}

void TakeOverrides(const NodeOverrides& overrides, NodeFacts& facts) {
  facts.other_addresses.insert(facts.other_addresses.end(), overrides.other_addresses.begin(),
                               overrides.other_addresses.end());
  if (!overrides.pod_cidrs.empty()) facts.pod_cidrs = overrides.pod_cidrs;
  if (!overrides.service_cidrs.empty()) facts.service_cidrs = overrides.service_cidrs;
  facts.node_port_addresses = overrides.node_port_addresses;
  facts.masquerade_all = overrides.masquerade_all;
  facts.localhost_node_ports = overrides.localhost_node_ports;
  facts.scheduler = overrides.scheduler;
  facts.service_proxy_name = overrides.service_proxy_name;
  facts.gateway_mac = overrides.network.gateway_mac.value_or(facts.gateway_mac);
  facts.node_mac = overrides.network.node_mac.value_or(facts.node_mac);
  facts.routes = overrides.network.routes;
}

}  // namespace

std::optional<IpAddress> NodeFacts::Primary(IpFamily family) const {
  for (const IpAddress& address : primary_addresses) {
    if (address.family() == family) return address;
  }
  return std::nullopt;
}

std::vector<IpAddress> NodeFacts::LocalAddresses(IpFamily family) const {
  std::vector<IpAddress> addresses;
  AppendFamily(primary_addresses, family, addresses);
  AppendFamily(other_addresses, family, addresses);
  return addresses;
}

std::vector<IpAddress> NodeFacts::NodePortAddresses(IpFamily family) const {
  std::vector<IpAddress> addresses;
  if (node_port_addresses.empty()) {
    AppendFamily(primary_addresses, family, addresses);
    return addresses;
  }
  for (const IpAddress& address : LocalAddresses(family)) {
    if (!address.IsLoopback() && AnyContains(node_port_addresses, address)) {
      addresses.push_back(address);
    }
  }
  const IpAddress localhost = IpAddress::FromBytes(kLocalhost);
  if (localhost_node_ports && family == IpFamily::kIPv4 &&
      AnyContains(node_port_addresses, localhost)) {
    addresses.push_back(localhost);
  }
  return addresses;
}

bool NodeFacts::TellsPods(IpFamily family) const {
  return std::any_of(pod_cidrs.begin(), pod_cidrs.end(),
                     [&](const IpPrefix& prefix) { return prefix.family() == family; });
}

bool NodeFacts::IsPod(const IpAddress& address) const { return AnyContains(pod_cidrs, address); }

absl::StatusOr<NotedNodeFacts> FactsFromNode(const kube::ObjectSet& objects,
                                             const std::string& name,
                                             const NodeOverrides& overrides) {
  const auto found = objects.nodes.find({kube::Kind::kNode, "", name});
  if (found == objects.nodes.end()) {
    return absl::NotFoundError(
        fmt::format("Node {}: not among the objects; add what `kubectl get node {} -o yaml` prints",
                    name, name));
  }
  const Node& node = found->second;
  NotedNodeFacts out;
  NodeFacts& facts = out.facts;
  facts.name = name;
  facts.zone = ValueOf(node.metadata.labels, kZoneLabel);
  facts.pod_cidrs = PodCidrs(objects);
  // To a proxy with a name, other addresses of the ranges are another proxy's Services.
  if (overrides.service_proxy_name.empty()) facts.service_cidrs = ServiceCidrs(objects);
  ReadAddresses(node, facts);
  if (!facts.Primary(IpFamily::kIPv4)) {
    return absl::FailedPreconditionError(fmt::format(
        "Node {}: status.addresses has no IPv4 address of type InternalIP; add one", name));
  }
  TakeOverrides(overrides, facts);
  if (!facts.TellsPods(IpFamily::kIPv4)) {
    out.notes.push_back({.origin = {},
                         .object = KeyOf(node).ToString(),
                         .message = "no Node has IPv4 spec.podCIDRs: pods are treated as clients "
                                    "outside the cluster"});
  }
  for (const absl::Status& read :
       {ReadMac(node, kGatewayMacAnnotation, facts.gateway_mac, out.notes),
        ReadMac(node, kNodeMacAnnotation, facts.node_mac, out.notes),
        ReadTunnels(objects, node, out)}) {
    if (!read.ok()) return read;
  }
  return out;
}

}  // namespace pointsman
