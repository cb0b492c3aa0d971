#include "host/services/forwarding_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "host/services/endpoint_sets.h"
#include "host/services/endpoint_weights.h"
#include "host/services/local_pods.h"
#include "host/services/neighbours.h"
#include "host/services/pass_through.h"
#include "host/services/port_plan.h"
#include "host/services/served_ports.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

// Of the family that comes first in the Service, so that a dual-stack pod counts once.
EndpointCounts Count(const kube::Service& service, const Slices& slices,
                     const std::string& node_name) {
  struct State {
    bool ready = false;
    bool local = false;
  };
  const kube::IpFamily family =
      service.cluster_ips.empty() ? kube::IpFamily::kIPv4 : service.cluster_ips[0].family();
  std::map<kube::IpAddress, State> states;
  for (const kube::EndpointSlice* slice : slices) {
    if (slice->address_type != family) continue;
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

// A port plan and whose it is, as an index in ServiceForwarding::services.
struct OwnedPlan {
  size_t service;
  PortPlan plan;
};

// Gives each address, port and protocol to one frontend.
class FrontendTable {
 public:
  FrontendTable(const Neighbours& neighbours, const EndpointWeights& weights, Scheduler scheduler,
                ServiceForwarding& out)
      : neighbours_(neighbours), weights_(weights), scheduler_(scheduler), out_(out) {}

  void Add(const OwnedPlan& owned, const ServedAddress& address) {
    const PortPlan& plan = owned.plan;
    const std::string name = fmt::format("{} {}", plan.port.FullName(), ToString(address.kind));
    const Protocol protocol = TableProtocol(plan.port.protocol);
    const auto [entry, added] = taken_.try_emplace(
        {TableAddress(address.address), address.port, protocol}, Owner{owned.service, name});
    if (!added) return ReportTaken(owned, address, entry->second);
    Frontend frontend{.name = name,
                      .address = TableAddress(address.address),
                      .port = address.port,
                      .protocol = protocol,
                      .outside = Half(plan.sets, address.outside),
                      .inside = Half(plan.sets, address.inside),
                      .source_ranges = {},
                      .affinity_seconds = plan.affinity_seconds,
                      .affinity_group = plan.affinity_seconds == 0 ? "" : AffinityGroup(plan.port),
                      .scheduler = scheduler_};
    for (const kube::IpPrefix& range : address.source_ranges) {
      frontend.source_ranges.push_back(TablePrefix(range));
    }
    out_.forwarding.frontends.push_back(std::move(frontend));
    out_.services[owned.service].frontends.push_back(
        {address.kind, address.address, address.port, plan.port.protocol, plan.port.name});
  }

 private:
  struct Owner {
    size_t service;
    std::string name;
  };

  // Ports of both families have one name; one that is served over TCP and UDP has one for each.
  static std::string AffinityGroup(const ServedPort& port) {
    return fmt::format("{} {}", port.FullName(), kube::ToString(port.protocol));
  }

  void Report(const OwnedPlan& owned, FrontendKind kind, std::string message) {
    out_.problems.push_back({.origin = {},
                             .object = out_.services[owned.service].service.ToString(),
                             .field = std::string(FieldOf(kind)),
                             .message = std::move(message)});
  }

  // One Service may name an address in two fields.
  void ReportTaken(const OwnedPlan& owned, const ServedAddress& address, const Owner& owner) {
    if (owner.service == owned.service) return;
    const PortPlan& plan = owned.plan;
    Report(owned, address.kind,
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
      const auto weight = weights_.find(endpoint.address);
      half.endpoints.push_back({TableAddress(endpoint.address), endpoint.port,
                                neighbours_.Towards(endpoint.address),
                                weight == weights_.end() ? uint16_t{1} : weight->second});
    }
    return half;
  }

  const Neighbours& neighbours_;
  const EndpointWeights& weights_;
  const Scheduler scheduler_;
  ServiceForwarding& out_;
  std::map<std::tuple<Address, uint16_t, Protocol>, Owner> taken_;
};

// Reports every Service, and plans its ports.
std::vector<OwnedPlan> PlanServices(const kube::ObjectSet& objects, const NodeFacts& facts,
                                    std::vector<ServiceReport>& reports) {
  const std::map<kube::ObjectKey, Slices> by_service = SlicesByService(objects);
  std::vector<OwnedPlan> plans;
  for (const auto& [key, service] : objects.services) {
    const auto found = by_service.find(key);
    const Slices slices = found == by_service.end() ? Slices() : found->second;
    const size_t index = reports.size();
    reports.push_back({.service = key,
                       .not_served = WhyNotServed(service),
                       .frontends = {},
                       .endpoints = Count(service, slices, facts.name),
                       .limitations = LimitationsOf(service, facts)});
    for (PortPlan& plan : PlanPorts(service, slices, facts)) {
      plans.push_back({index, std::move(plan)});
    }
  }
  return plans;
}

void AddFrontends(const std::vector<OwnedPlan>& plans, FrontendTable& table,
                  Forwarding& forwarding) {
  for (const bool node_ports : {false, true}) {
    for (const OwnedPlan& owned : plans) {
      for (const ServedAddress& address : owned.plan.addresses) {
        if ((address.kind == FrontendKind::kNodePort) == node_ports) table.Add(owned, address);
      }
    }
  }
  std::ranges::sort(forwarding.frontends, [](const Frontend& a, const Frontend& b) {
    return std::tie(a.address, a.port, a.protocol) < std::tie(b.address, b.port, b.protocol);
  });
}

void ReportPassThrough(const kube::ObjectSet& objects, std::vector<kube::Problem>& problems) {
  for (const auto& [key, service] : objects.services) {
    if (std::string why = WhyPassThroughIsWrong(service); !why.empty()) {
      problems.push_back({.origin = {},
                          .object = key.ToString(),
                          .field = fmt::format("metadata.annotations[{}]", kPassThroughAnnotation),
                          .message = std::move(why)});
    }
  }
}

// What the node masquerades with, and which addresses are Services'.
void TakeAddresses(const NodeFacts& facts, const std::vector<OwnedPlan>& plans,
                   ServiceForwarding& out) {
  if (const auto primary = facts.Primary(kube::IpFamily::kIPv4)) {
    out.forwarding.masquerade_address = TableAddress(*primary).v4();
  } else {
    out.problems.push_back({.origin = {},
                            .object = "Node " + facts.name,
                            .field = "status.addresses",
                            .message = "no primary IPv4 address to masquerade with: no Service is "
                                       "forwarded over IPv4"});
  }
  if (const auto primary = facts.Primary(kube::IpFamily::kIPv6)) {
    out.forwarding.masquerade_address_v6 = TableAddress(*primary);
  }
  std::set<Address> cluster_ips;
  for (const OwnedPlan& owned : plans) {
    cluster_ips.insert(TableAddress(owned.plan.port.cluster_ip));
  }
  out.forwarding.cluster_ips.assign(cluster_ips.begin(), cluster_ips.end());
  for (const kube::IpPrefix& cidr : facts.service_cidrs) {
    if (facts.Primary(cidr.family())) out.forwarding.service_ranges.push_back(TablePrefix(cidr));
  }
  std::ranges::sort(out.forwarding.service_ranges);
}

}  // namespace

ServiceForwarding BuildForwarding(const kube::ObjectSet& objects, const NodeFacts& facts) {
  ServiceForwarding out;
  const PodMacs pods = LocalPodMacs(objects, facts.name, out.problems);
  const Neighbours neighbours(facts, pods);
  out.forwarding.sources = neighbours.Sources();
  out.forwarding.gateway = neighbours.Gateway();
  out.forwarding.tunnel = facts.tunnel;
  const std::vector<OwnedPlan> plans = PlanServices(objects, facts, out.services);
  TakeAddresses(facts, plans, out);
  ReportPassThrough(objects, out.problems);
  const EndpointWeights weights = WeightsOfPods(objects, out.problems);
  FrontendTable table(neighbours, weights, facts.scheduler, out);
  AddFrontends(plans, table, out.forwarding);
  return out;
}

}  // namespace pointsman
