#include "host/services/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "host/services/port_plan.h"

namespace pointsman {
namespace {

struct FoundFrontend {
  PortPlan plan;
  ServedAddress address;
};

std::vector<PortPlan> AllPlans(const kube::ObjectSet& objects, const NodeFacts& facts) {
  const auto by_service = SlicesByService(objects, facts.service_proxy_name);
  std::vector<PortPlan> plans;
  for (const auto& [key, service] : objects.services) {
    const auto slices = by_service.find(key);
    auto of_service =
        PlanPorts(service, slices == by_service.end() ? Slices() : slices->second, facts);
    std::move(of_service.begin(), of_service.end(), std::back_inserter(plans));
  }
  return plans;
}

// Node ports give way, as in BuildForwarding.
std::optional<FoundFrontend> Find(const std::vector<PortPlan>& plans, const Question& question) {
  for (const bool node_ports : {false, true}) {
    for (const PortPlan& plan : plans) {
      if (plan.port.protocol != question.protocol) continue;
      for (const ServedAddress& address : plan.addresses) {
        if ((address.kind == FrontendKind::kNodePort) != node_ports) continue;
        if (address.address == question.destination && address.port == question.port) {
          return FoundFrontend{plan, address};
        }
      }
    }
  }
  return std::nullopt;
}

std::string PolicyText(const ServedPort& port, FrontendKind kind, bool inside) {
  if (kind == FrontendKind::kClusterIp) {
    return fmt::format("internalTrafficPolicy {}", port.internal_local ? "Local" : "Cluster");
  }
  if (!port.external_local) return "externalTrafficPolicy Cluster";
  return inside ? "externalTrafficPolicy Local, and the client is in the cluster: the short cut to "
                  "all endpoints"
                : "externalTrafficPolicy Local";
}

std::string ActionText(const ClientRule& rule, const EndpointSets& sets) {
  switch (rule.action) {
    case FrontendAction::kReject:
      return "no endpoint is usable anywhere: rejected";
    case FrontendAction::kDrop:
      return "endpoints are usable, but none under this policy: dropped";
    default:
      break;
  }
  const auto& used = rule.scope == EndpointScope::kLocal ? sets.local : sets.cluster;
  return fmt::format("{} of the endpoints{}", used.size(),
                     rule.masquerade ? ", masqueraded with the node's address" : "");
}

std::string WhyNot(const ServiceEndpoint& endpoint, const ClientRule& rule) {
  if (!endpoint.ready && !endpoint.serving) return "not used: it does not serve";
  if (!endpoint.ready && !endpoint.terminating) return "not used: it is not ready";
  if (rule.scope == EndpointScope::kLocal && !endpoint.local) {
    return "not used: it is on another node";
  }
  if (endpoint.terminating) return "not used: it terminates, and others are ready";
  return "not used: topology hints lead to others";
}

void AddEndpoints(const FoundFrontend& found, const ClientRule& rule,
                  std::vector<ExplainedStep>& steps) {
  const EndpointSets& sets = found.plan.sets;
  const auto& used = rule.scope == EndpointScope::kLocal ? sets.local : sets.cluster;
  for (const ServiceEndpoint& endpoint : found.plan.endpoints) {
    const bool is_used = rule.action == FrontendAction::kForward &&
                         std::ranges::any_of(used, [&](const ServiceEndpoint& other) {
                           return other.address == endpoint.address && other.port == endpoint.port;
                         });
    const char* terminating = endpoint.terminating ? ", though it terminates" : "";
    steps.push_back({"endpoint", fmt::format("{} port {}{}: {}", endpoint.address.ToString(),
                                             endpoint.port, endpoint.local ? ", on this node" : "",
                                             is_used ? fmt::format("used{}", terminating)
                                                     : WhyNot(endpoint, rule))});
  }
}

void AddFound(const FoundFrontend& found, bool inside, std::vector<ExplainedStep>& steps) {
  const ServedPort& port = found.plan.port;
  const ClientRule& rule = inside ? found.address.inside : found.address.outside;
  steps.push_back(
      {"Service",
       fmt::format("{} ({} {}), by its {} ({})", port.FullName(), kube::ToString(port.protocol),
                   port.port, ToString(found.address.kind), FieldOf(found.address.kind))});
  steps.push_back({"policy", fmt::format("{}: {}", PolicyText(port, found.address.kind, inside),
                                         ActionText(rule, found.plan.sets))});
  AddEndpoints(found, rule, steps);
  for (const kube::IpPrefix& range : found.address.source_ranges) {
    steps.push_back(
        {"source range", fmt::format("{} may come in, others are dropped", range.ToString())});
  }
  if (found.plan.affinity_seconds != 0) {
    steps.push_back({"affinity", fmt::format("a client meets its endpoint again within {} s",
                                             found.plan.affinity_seconds)});
  }
}

bool InServiceRange(const NodeFacts& facts, const kube::IpAddress& address) {
  return std::ranges::any_of(facts.service_cidrs,
                             [&](const kube::IpPrefix& cidr) { return cidr.Contains(address); });
}

std::string NothingFound(const std::vector<PortPlan>& plans, const NodeFacts& facts,
                         const Question& question) {
  for (const PortPlan& plan : plans) {
    if (plan.port.cluster_ip != question.destination) continue;
    return fmt::format("{} has {}, but no port {} {}: rejected", plan.port.service,
                       question.destination.ToString(), kube::ToString(question.protocol),
                       question.port);
  }
  if (InServiceRange(facts, question.destination)) {
    return fmt::format("no Service has {}, and the address is in a service CIDR: dropped",
                       question.destination.ToString());
  }
  return fmt::format("none has {} {} port {}: the packet passes untouched",
                     question.destination.ToString(), kube::ToString(question.protocol),
                     question.port);
}

}  // namespace

std::vector<ExplainedStep> ExplainObjects(const kube::ObjectSet& objects, const NodeFacts& facts,
                                          const Question& question) {
  std::vector<ExplainedStep> steps;
  const std::vector<PortPlan> plans = AllPlans(objects, facts);
  if (const std::optional<FoundFrontend> found = Find(plans, question)) {
    AddFound(*found, question.inside, steps);
  } else {
    steps.push_back({"Service", NothingFound(plans, facts, question)});
  }
  for (const auto& [key, service] : objects.services) {
    const std::string why = WhyNotServed(service, facts.service_proxy_name);
    const bool has_address = std::ranges::any_of(
        service.cluster_ips, [&](const auto& ip) { return ip == question.destination; });
    if (!why.empty() && has_address) {
      steps.push_back(
          {"note", fmt::format("{} has this address, but is not served: {}", key.ToString(), why)});
    }
  }
  return steps;
}

}  // namespace pointsman
