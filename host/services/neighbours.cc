#include "host/services/neighbours.h"

#include <algorithm>
#include <map>
#include <utility>

#include "host/services/table_values.h"

namespace pointsman {
namespace {

using kube::IpAddress;

std::set<IpAddress> NodeAddresses(const NodeFacts& facts) {
  std::set<IpAddress> addresses(facts.primary_addresses.begin(), facts.primary_addresses.end());
  addresses.insert(facts.other_addresses.begin(), facts.other_addresses.end());
  return addresses;
}

// Sources by prefix; what is added first stays.
class SourceTable {
 public:
  void Add(const AddressPrefix& prefix, ClientClass client_class, const NextHop& next_hop) {
    sources_.emplace(prefix, Source{prefix, client_class, next_hop});
  }

  std::vector<Source> Take() const {
    std::vector<Source> sources;
    for (const auto& [prefix, source] : sources_) sources.push_back(source);
    return sources;
  }

 private:
  std::map<AddressPrefix, Source> sources_;
};

}  // namespace

Neighbours::Neighbours(const NodeFacts& facts, const PodMacs& pods)
    : facts_(facts), pods_(pods), node_addresses_(NodeAddresses(facts)) {}

NextHop Neighbours::Gateway() const {
  return {.egress = Port::kUplink,
          .destination_mac = facts_.gateway_mac,
          .source_mac = facts_.node_mac};
}

NextHop Neighbours::NodeSide(MacAddress destination) const {
  return {.egress = Port::kNode, .destination_mac = destination, .source_mac = facts_.gateway_mac};
}

NextHop Neighbours::Towards(const IpAddress& address) const {
  if (node_addresses_.contains(address)) return NodeSide(facts_.node_mac);
  if (const auto pod = pods_.find(address); pod != pods_.end()) return NodeSide(pod->second);
  for (const TunnelNode& node : facts_.tunnel_nodes) {
    const auto holds = [&](const kube::IpPrefix& cidr) { return cidr.Contains(address); };
    if (std::ranges::any_of(node.pod_cidrs, holds)) return Through(node);
  }
  return Routed(address);
}

NextHop Neighbours::Routed(const IpAddress& address) const {
  NextHop hop = Gateway();
  for (const NodeRoute& route : facts_.routes) {
    if (!route.prefix.Contains(address)) continue;
    hop.destination_mac = route.neighbour;
    break;
  }
  return hop;
}

NextHop Neighbours::Through(const TunnelNode& node) const {
  NextHop hop = Gateway();
  hop.vxlan_address = node.address;
  hop.vxlan_mac = node.mac;
  return hop;
}

std::vector<Source> Neighbours::Sources() const {
  SourceTable table;
  for (const IpAddress& address : node_addresses_) {
    table.Add({TableAddress(address)}, ClientClass::kNode, Towards(address));
  }
  for (const auto& [address, mac] : pods_) {
    const ClientClass of_pod =
        facts_.IsPod(address) ? ClientClass::kLocalPod : ClientClass::kOutside;
    table.Add({TableAddress(address)}, of_pod, Towards(address));
  }
  for (const TunnelNode& node : facts_.tunnel_nodes) {
    for (const kube::IpPrefix& prefix : node.pod_cidrs) {
      table.Add(TablePrefix(prefix), ClientClass::kLocalPod, Through(node));
    }
  }
  for (const kube::IpPrefix& prefix : facts_.pod_cidrs) {
    table.Add(TablePrefix(prefix), ClientClass::kLocalPod, Routed(prefix.address()));
  }
  return table.Take();
}

}  // namespace pointsman
