#include "host/services/neighbours.h"

#include <map>
#include <utility>

#include "host/services/card_values.h"

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::IpFamily;

constexpr uint8_t kWholeAddress = 32;

std::set<IpAddress> NodeAddresses(const NodeFacts& facts) {
  std::set<IpAddress> addresses(facts.primary_addresses.begin(), facts.primary_addresses.end());
  addresses.insert(facts.other_addresses.begin(), facts.other_addresses.end());
  return addresses;
}

// Sources by prefix; what is added first stays.
class SourceTable {
 public:
  void Add(const IpAddress& address, uint8_t length, ClientClass client_class,
           const NextHop& next_hop) {
    if (address.family() != IpFamily::kIPv4) return;
    const Ipv4Address prefix = CardAddress(address);
    sources_.emplace(std::pair(prefix, length), Source{prefix, length, client_class, next_hop});
  }

  std::vector<Source> Take() const {
    std::vector<Source> sources;
    for (const auto& [prefix, source] : sources_) sources.push_back(source);
    return sources;
  }

 private:
  std::map<std::pair<Ipv4Address, uint8_t>, Source> sources_;
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
  const auto pod = pods_.find(address);
  return pod == pods_.end() ? Gateway() : NodeSide(pod->second);
}

std::vector<Source> Neighbours::Sources() const {
  SourceTable table;
  for (const IpAddress& address : node_addresses_) {
    table.Add(address, kWholeAddress, ClientClass::kNode, Towards(address));
  }
  for (const auto& [address, mac] : pods_) {
    const ClientClass of_pod =
        facts_.IsPod(address) ? ClientClass::kLocalPod : ClientClass::kOutside;
    table.Add(address, kWholeAddress, of_pod, Towards(address));
  }
  for (const kube::IpPrefix& prefix : facts_.pod_cidrs) {
    table.Add(prefix.address(), static_cast<uint8_t>(prefix.length_bits()), ClientClass::kLocalPod,
              Gateway());
  }
  return table.Take();
}

}  // namespace pointsman
