#include "sim/cluster/node_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "host/services/node_facts.h"
#include "host/services/table_values.h"

namespace pointsman::cluster {
namespace {

absl::StatusOr<NodeFacts> FactsOf(const kube::ObjectSet& objects, const ClusterSetup& setup,
                                  const NodeSetup& node) {
  NodeOverrides overrides;
  overrides.service_cidrs = setup.service_cidrs;
  if (setup.model == NetworkModel::kTunnel) overrides.other_addresses = {TunnelAddress(node)};
  absl::StatusOr<NotedNodeFacts> noted = FactsFromNode(objects, node.name, overrides);
  if (!noted.ok()) return noted.status();
  if (setup.mode != ForwardingMode::kPointsman) {
    noted->facts.pod_cidrs.clear();
    noted->facts.masquerade_all = setup.model == NetworkModel::kVpc;
  }
  return std::move(noted->facts);
}

std::map<FrontendKey, FrontendNote> NotesOf(const kube::ObjectSet& objects,
                                            const ServiceForwarding& built) {
  std::map<FrontendKey, FrontendNote> notes;
  for (const ServiceReport& report : built.services) {
    const kube::Service& service = objects.services.at(report.service);
    for (const FrontendReport& one : report.frontends) {
      const kube::TrafficPolicy policy = one.kind == FrontendKind::kClusterIp
                                             ? service.internal_traffic_policy
                                             : service.external_traffic_policy;
      notes[{TableAddress(one.address), one.port, TableProtocol(one.protocol)}] = {
          one.kind, report.service, policy == kube::TrafficPolicy::kLocal};
    }
  }
  return notes;
}

void MasqueradeNode(Frontend& frontend) {
  frontend.inside.masquerade = frontend.inside.action == FrontendAction::kForward;
}

// Where there are endpoints on the node both halves have those, else both have all.
void FallBackToAll(Frontend& frontend) {
  if (frontend.outside.action != FrontendAction::kForward) frontend.outside = frontend.inside;
  frontend.inside = frontend.outside;
}

// Turns what today's rules say into those of `mode`; false: the frontend is not answered.
bool Adapt(ForwardingMode mode, const FrontendNote& note, Frontend& frontend) {
  if (note.kind == FrontendKind::kClusterIp) {
    MasqueradeNode(frontend);
    return true;
  }
  if (!note.local_policy) return true;
  if (note.kind == FrontendKind::kLoadBalancer) return false;
  if (mode == ForwardingMode::kIpvs) {
    FallBackToAll(frontend);
  } else {
    MasqueradeNode(frontend);
  }
  return true;
}

void AdaptAll(ForwardingMode mode, NodeRules& rules) {
  std::erase_if(rules.forwarding.frontends, [&](Frontend& frontend) {
    const FrontendKey key(frontend.address, frontend.port, frontend.protocol);
    const bool answered = Adapt(mode, rules.notes.at(key), frontend);
    if (!answered) rules.notes.erase(key);
    return !answered;
  });
  for (Source& source : rules.forwarding.sources) {
    if (source.client_class == ClientClass::kLocalPod) source.client_class = ClientClass::kOutside;
  }
}

}  // namespace

absl::StatusOr<NodeRules> RulesOf(const kube::ObjectSet& objects, const ClusterSetup& setup,
                                  const NodeSetup& node) {
  absl::StatusOr<NodeFacts> facts = FactsOf(objects, setup, node);
  if (!facts.ok()) return facts.status();
  ServiceForwarding built = BuildForwarding(objects, *facts);
  if (!built.problems.empty()) {
    std::string all;
    for (const kube::Problem& problem : built.problems) {
      all += (all.empty() ? "" : "\n") + problem.ToString();
    }
    return absl::InvalidArgumentError(all);
  }
  NodeRules rules{std::move(built.forwarding), NotesOf(objects, built)};
  if (setup.mode != ForwardingMode::kPointsman) AdaptAll(setup.mode, rules);
  if (setup.model == NetworkModel::kTunnel) {
    rules.forwarding.masquerade_address = TableAddress(TunnelAddress(node)).v4();
  }
  return rules;
}

}  // namespace pointsman::cluster
