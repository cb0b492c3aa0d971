#include "host/services/forwarding_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "host/services/card_values.h"
#include "host/services/endpoint_sets.h"
#include "host/services/local_pods.h"
#include "host/services/neighbours.h"
#include "host/services/served_ports.h"

namespace pointsman {
namespace {

constexpr kube::IpFamily kFamily = kube::IpFamily::kIPv4;

// A port that the card can serve, with all that belongs to it.
struct PortPlan {
  size_t service;  // in ServiceForwarding::services
  ServedPort port;
  Protocol protocol;
  EndpointSets sets;
  std::vector<ServedAddress> addresses;
};

std::vector<PortPlan> PlanPorts(const kube::Service& service, size_t index, const Slices& slices,
                                const NodeFacts& facts) {
  std::vector<PortPlan> plans;
  for (ServedPort& port : ServedPorts(service, kFamily)) {
    const std::optional<Protocol> protocol = CardProtocol(port.protocol);
    if (!protocol) continue;
    EndpointSets sets = Categorize(port, EndpointsOfPort(slices, port, facts.name));
    std::vector<ServedAddress> addresses = ServedAddresses(port, sets, facts);
    plans.push_back({index, std::move(port), *protocol, std::move(sets), std::move(addresses)});
  }
  return plans;
}

EndpointCounts Count(const Slices& slices, const std::string& node_name) {
  struct State {
    bool ready = false;
    bool local = false;
  };
  std::map<kube::IpAddress, State> states;
  for (const kube::EndpointSlice* slice : slices) {
    if (slice->address_type != kFamily) continue;
    for (const kube::Endpoint& endpoint : slice->endpoints) {
      if (endpoint.addresses.empty()) continue;
      State& state = states[endpoint.addresses.front()];
      state.ready |= endpoint.ready;
      state.local |= endpoint.ready && endpoint.node_name == node_name;
    }
  }
  EndpointCounts counts;
  for (const auto& [address, state] : states) {
    counts.total += 1;
    counts.ready += state.ready ? 1 : 0;
    counts.local += state.local ? 1 : 0;
  }
  return counts;
}

// Gives each address, port and protocol to one frontend.
class FrontendTable {
 public:
  FrontendTable(const Neighbours& neighbours, ServiceForwarding& out)
      : neighbours_(neighbours), out_(out) {}

  void Add(const PortPlan& plan, const ServedAddress& address) {
    const std::string name = fmt::format("{} {}", plan.port.FullName(), ToString(address.kind));
    const auto [entry, added] = taken_.try_emplace(
        {CardAddress(address.address), address.port, plan.protocol}, Owner{plan.service, name});
    if (!added) return ReportTaken(plan, address, entry->second);
    out_.forwarding.frontends.push_back({.name = name,
                                         .address = CardAddress(address.address),
                                         .port = address.port,
                                         .protocol = plan.protocol,
                                         .outside = Half(plan.sets, address.outside),
                                         .inside = Half(plan.sets, address.inside)});
    out_.services[plan.service].frontends.push_back(
        {address.kind, address.address, address.port, plan.port.protocol, plan.port.name});
  }

 private:
  struct Owner {
    size_t service;
    std::string name;
  };

  void Report(const PortPlan& plan, FrontendKind kind, std::string message) {
    out_.problems.push_back({.origin = {},
                             .object = out_.services[plan.service].service.ToString(),
                             .field = std::string(FieldOf(kind)),
                             .message = std::move(message)});
  }

  // One Service may name an address in two fields.
  void ReportTaken(const PortPlan& plan, const ServedAddress& address, const Owner& owner) {
    if (owner.service == plan.service) return;
    Report(plan, address.kind,
           fmt::format("{} {} port {} is taken by {}; port \"{}\" is not served there",
                       address.address.ToString(), kube::ToString(plan.port.protocol), address.port,
                       owner.name, plan.port.name));
  }

  FrontendHalf Half(const EndpointSets& sets, const ClientRule& rule) const {
    FrontendHalf half{.action = rule.action, .masquerade = rule.masquerade, .endpoints = {}};
    if (rule.action != FrontendAction::kForward) return half;
    const auto& endpoints = rule.scope == EndpointScope::kLocal ? sets.local : sets.cluster;
    half.endpoints.reserve(endpoints.size());
    for (const ServiceEndpoint& endpoint : endpoints) {
      half.endpoints.push_back(
          {CardAddress(endpoint.address), endpoint.port, neighbours_.Towards(endpoint.address)});
    }
    return half;
  }

  const Neighbours& neighbours_;
  ServiceForwarding& out_;
  std::map<std::tuple<Ipv4Address, uint16_t, Protocol>, Owner> taken_;
};

// Reports every Service, and plans its ports.
std::vector<PortPlan> PlanServices(const kube::ObjectSet& objects, const NodeFacts& facts,
                                   std::vector<ServiceReport>& reports) {
  const std::map<kube::ObjectKey, Slices> by_service = SlicesByService(objects);
  std::vector<PortPlan> plans;
  for (const auto& [key, service] : objects.services) {
    const auto found = by_service.find(key);
    const Slices slices = found == by_service.end() ? Slices() : found->second;
    const size_t index = reports.size();
    reports.push_back({.service = key,
                       .not_served = WhyNotServed(service),
                       .frontends = {},
                       .endpoints = Count(slices, facts.name),
                       .limitations = LimitationsOf(service, slices, facts)});
    auto of_service = PlanPorts(service, index, slices, facts);
    std::move(of_service.begin(), of_service.end(), std::back_inserter(plans));
  }
  return plans;
}

void AddFrontends(const std::vector<PortPlan>& plans, const Neighbours& neighbours,
                  ServiceForwarding& out) {
  FrontendTable table(neighbours, out);
  for (const bool node_ports : {false, true}) {
    for (const PortPlan& plan : plans) {
      for (const ServedAddress& address : plan.addresses) {
        if ((address.kind == FrontendKind::kNodePort) == node_ports) table.Add(plan, address);
      }
    }
  }
  std::sort(out.forwarding.frontends.begin(), out.forwarding.frontends.end(),
            [](const Frontend& a, const Frontend& b) {
              return std::tie(a.address, a.port, a.protocol) <
                     std::tie(b.address, b.port, b.protocol);
            });
}

}  // namespace

ServiceForwarding BuildForwarding(const kube::ObjectSet& objects, const NodeFacts& facts) {
  ServiceForwarding out;
  const PodMacs pods = LocalPodMacs(objects, facts.name, out.problems);
  const Neighbours neighbours(facts, pods);
  out.limitations = LimitationsOf(facts);
  out.forwarding.sources = neighbours.Sources();
  out.forwarding.gateway = neighbours.Gateway();
  const std::vector<PortPlan> plans = PlanServices(objects, facts, out.services);
  const std::optional<kube::IpAddress> primary = facts.Primary(kFamily);
  if (!primary) {
    out.problems.push_back({.origin = {},
                            .object = "Node " + facts.name,
                            .field = "status.addresses",
                            .message = "no primary IPv4 address to masquerade with: no Service is "
                                       "forwarded"});
    return out;
  }
  out.forwarding.masquerade_address = CardAddress(*primary);
  AddFrontends(plans, neighbours, out);
  return out;
}

}  // namespace pointsman
