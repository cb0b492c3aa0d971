#include "host/cli/cluster_run_output.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/cli/text_table.h"

namespace pointsman {
namespace {

using cluster::LoadReport;
using cluster::ProbeReport;
using cluster::RolloutReport;
using cluster::Spread;
using Json = nlohmann::ordered_json;

std::string WhatCameOfIt(const ProbeReport& probe) {
  if (!probe.result.ok()) {
    return fmt::format("fails at {}: {}", probe.result.failure->hop, probe.result.failure->reason);
  }
  const cluster::Connection& met = *probe.result.connection;
  return fmt::format("{} answers, it sees {}", met.backend.name, Describe(met.received.source));
}

std::string ProbesText(const cluster::Scenario& scenario, const std::vector<ProbeReport>& probes,
                       bool verbose) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const ProbeReport& probe : probes) {
    fmt::format_to(out, "{:<6} {} -> {}: {}\n", probe.wrong.empty() ? "ok" : "FAILED",
                   probe.asked.from, probe.asked.to.text, WhatCameOfIt(probe));
    if (!probe.wrong.empty()) {
      fmt::format_to(out, "       {}:{}: {}\n", scenario.file, probe.asked.line, probe.wrong);
    }
    if (!verbose && probe.wrong.empty()) continue;
    for (const cluster::Hop& hop : probe.hops) {
      fmt::format_to(out, "       {}: {}\n", hop.where, hop.what);
    }
  }
  return text;
}

std::vector<std::string> SpreadRow(const std::string& what, const Spread& spread) {
  const double ratio = spread.mean == 0 ? 0 : static_cast<double>(spread.most) / spread.mean;
  return {what, fmt::to_string(spread.least), fmt::format("{:.1f}", spread.mean),
          fmt::to_string(spread.most), fmt::format("{:.2f}", ratio)};
}

std::string LoadText(const LoadReport& load) {
  std::string text =
      fmt::format("\n{}: {} connections, {} failed\n", load.name, load.connections, load.failed);
  if (load.failed != 0) text += fmt::format("  first: {}\n", load.first_failure);
  text += TextTable({{"connections", "least", "mean", "most", "most/mean"},
                     SpreadRow("of a node", load.per_node),
                     SpreadRow("of an endpoint", load.per_endpoint)});
  return text;
}

// One row a node, two columns a load.
std::string NodesText(const std::vector<LoadReport>& loads) {
  if (loads.empty()) return "";
  std::vector<std::vector<std::string>> rows = {{"node"}};
  for (const LoadReport& load : loads) {
    rows.front().push_back(fmt::format("endpoints ({})", load.name));
    rows.front().emplace_back("connections");
  }
  for (size_t i = 0; i < loads.front().nodes.size(); ++i) {
    rows.push_back({loads.front().nodes[i].node});
    for (const LoadReport& load : loads) {
      rows.back().push_back(fmt::to_string(load.nodes[i].endpoints));
      rows.back().push_back(fmt::to_string(load.nodes[i].connections));
    }
  }
  return "\n" + TextTable(rows);
}

std::string RolloutText(const RolloutReport& r) {
  std::string text =
      fmt::format("\nrollout of {}: {} pods replaced, {} connections open at the beginning\n",
                  r.deployment, r.pods, r.connections);
  text += TextTable({
      {"what", "number", "of them"},
      {"requests on connections to living pods", fmt::to_string(r.exchanges),
       fmt::format("{} unanswered", r.broken)},
      {"connections whose pod is gone", fmt::to_string(r.ended), ""},
      {"new connections by the load balancer", fmt::to_string(r.new_by_balancer),
       fmt::format("{} failed", r.failed_by_balancer)},
      {"new connections to node ports", fmt::to_string(r.new_by_node_port),
       fmt::format("{} failed where the node has no endpoint, {} elsewhere",
                   r.failed_without_endpoint, r.failed_with_endpoint)},
      {"targets of the load balancer", fmt::format("{} to {}", r.least_targets, r.most_targets),
       fmt::format("in {} steps not the nodes with ready pods", r.wrong_targets)},
  });
  if (!r.first_wrong.empty()) text += fmt::format("  first: {}\n", r.first_wrong);
  return text;
}

Json SpreadJson(const Spread& spread) {
  return {{"least", spread.least}, {"mean", spread.mean}, {"most", spread.most}};
}

Json ProbeJson(const ProbeReport& probe) {
  Json one = {{"line", probe.asked.line},      {"from", probe.asked.from},
              {"to", probe.asked.to.text},     {"outcome", probe.result.ok() ? "ok" : "fail"},
              {"reason", WhatCameOfIt(probe)}, {"as_expected", probe.wrong.empty()}};
  if (probe.result.connection) {
    one["backend"] = probe.result.connection->backend.name;
    one["source"] = Describe(probe.result.connection->received.source);
  }
  return one;
}

Json RolloutJson(const RolloutReport& r) {
  return {{"deployment", r.deployment},
          {"pods", r.pods},
          {"connections", r.connections},
          {"requests", r.exchanges},
          {"broken", r.broken},
          {"ended", r.ended},
          {"new_by_load_balancer", r.new_by_balancer},
          {"failed_by_load_balancer", r.failed_by_balancer},
          {"new_by_node_port", r.new_by_node_port},
          {"failed_without_endpoint", r.failed_without_endpoint},
          {"failed_with_endpoint", r.failed_with_endpoint},
          {"targets", {{"least", r.least_targets}, {"most", r.most_targets}}},
          {"wrong_targets", r.wrong_targets},
          {"ok", r.ok()}};
}

}  // namespace

std::string ScenarioText(const cluster::Scenario& scenario, const cluster::ScenarioReport& report,
                         bool verbose) {
  std::string text = ProbesText(scenario, report.probes, verbose);
  for (const LoadReport& load : report.loads) text += LoadText(load);
  text += NodesText(report.loads);
  for (const RolloutReport& rollout : report.rollouts) text += RolloutText(rollout);
  return text + fmt::format("{} passed, {} failed\n", report.passed(), report.failed());
}

std::string ScenarioJson(const cluster::ScenarioReport& report) {
  Json document = {
      {"probes", Json::array()}, {"loads", Json::array()}, {"rollouts", Json::array()}};
  for (const ProbeReport& probe : report.probes) document["probes"].push_back(ProbeJson(probe));
  for (const LoadReport& load : report.loads) {
    Json one = {{"name", load.name},
                {"connections", load.connections},
                {"failed", load.failed},
                {"per_node", SpreadJson(load.per_node)},
                {"per_endpoint", SpreadJson(load.per_endpoint)},
                {"nodes", Json::array()}};
    for (const cluster::NodeShare& share : load.nodes) {
      const Json node = {
          {"node", share.node}, {"endpoints", share.endpoints}, {"connections", share.connections}};
      one["nodes"].push_back(node);
    }
    document["loads"].push_back(one);
  }
  for (const RolloutReport& rollout : report.rollouts) {
    document["rollouts"].push_back(RolloutJson(rollout));
  }
  document["passed"] = report.passed();
  document["failed"] = report.failed();
  return document.dump(2) + "\n";
}

}  // namespace pointsman
