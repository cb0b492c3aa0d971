#include "sim/cluster/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/services/table_values.h"
#include "sim/cluster/resolve.h"

namespace pointsman::cluster {
namespace {

// Nothing ages while a scenario runs.
const absl::Time kNow = absl::UnixEpoch();

std::string FailureText(const Failure& failure) {
  const std::string rule = failure.rule.empty() ? "" : fmt::format(" [{}]", failure.rule);
  return fmt::format("{}{}: {}", failure.hop, rule, failure.reason);
}

// How a result differs from what was expected.
std::string Compare(const ProbeCase& asked, const ProbeResult& result) {
  if (!result.ok()) {
    const std::string text = FailureText(*result.failure);
    if (asked.expect_ok) return "expected ok, failed at " + text;
    return text.find(asked.reason) != std::string::npos
               ? ""
               : fmt::format("fails for another reason than '{}': at {}", asked.reason, text);
  }
  const Connection& met = *result.connection;
  if (!asked.expect_ok) return fmt::format("expected to fail, {} answers", met.backend.name);
  if (!asked.backend.empty() && met.backend.name != asked.backend) {
    return fmt::format("expected {}, {} answers", asked.backend, met.backend.name);
  }
  if (asked.source && met.received.source != TableAddress(*asked.source)) {
    return fmt::format("expected source {}, the backend sees {}", asked.source->ToString(),
                       pointsman::Describe(met.received.source));
  }
  return "";
}

class Runner {
 public:
  Runner(const Scenario& scenario, Cluster& cluster)
      : scenario_(scenario), cluster_(cluster), prober_(cluster) {}

  absl::StatusOr<ScenarioReport> Run() {
    for (const ProbeCase& asked : scenario_.probes) {
      if (absl::Status status = Ask(asked); !status.ok()) return status;
    }
    for (const Load& load : scenario_.loads) {
      auto report = RunLoad(load, cluster_, prober_, kNow);
      if (!report.ok()) return report.status();
      report_.loads.push_back(*std::move(report));
    }
    for (const Rollout& rollout : scenario_.rollouts) {
      auto report = RunRollout(rollout, cluster_, prober_, kNow);
      if (!report.ok()) return report.status();
      report_.rollouts.push_back(*std::move(report));
    }
    return std::move(report_);
  }

 private:
  absl::Status Ask(const ProbeCase& asked) {
    ProbeReport report{.asked = asked, .result = {}, .hops = {}, .wrong = ""};
    kube::IpAddress address = asked.to.address;
    if (!asked.to.name.empty()) {
      const auto resolved = Resolve(cluster_.objects(), asked.to.name);
      if (resolved.ok()) address = *resolved;
      if (!resolved.ok()) {
        report.result.failure =
            Failure{"DNS", "names of Services", std::string(resolved.status().message())};
        report.wrong = Compare(asked, report.result);
        report_.probes.push_back(std::move(report));
        return absl::OkStatus();
      }
    }
    const Host* client = cluster_.FindHost(asked.from);
    if (client == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("{}:{}: probes: {} does not run", scenario_.file, asked.line, asked.from));
    }
    auto result = prober_.Connect(*client, TableAddress(address), asked.to.port, asked.protocol,
                                  &report.hops, kNow);
    if (!result.ok()) return result.status();
    report.result = *std::move(result);
    report.wrong = Compare(asked, report.result);
    report_.probes.push_back(std::move(report));
    return absl::OkStatus();
  }

  const Scenario& scenario_;
  Cluster& cluster_;
  Prober prober_;
  ScenarioReport report_;
};

}  // namespace

int ScenarioReport::failed() const {
  const auto wrong = std::ranges::count_if(probes, [](const auto& p) { return !p.wrong.empty(); });
  const auto bad_loads = std::ranges::count_if(loads, [](const auto& l) { return l.failed != 0; });
  const auto bad_rollouts = std::ranges::count_if(rollouts, [](const auto& r) { return !r.ok(); });
  return static_cast<int>(wrong + bad_loads + bad_rollouts);
}

int ScenarioReport::passed() const {
  return static_cast<int>(probes.size() + loads.size() + rollouts.size()) - failed();
}

absl::StatusOr<ScenarioReport> RunScenario(const Scenario& scenario, const OpenNodeDatapath& open) {
  auto cluster = Cluster::Create(scenario.setup, scenario.objects, open);
  if (!cluster.ok()) return cluster.status();
  return Runner(scenario, **cluster).Run();
}

}  // namespace pointsman::cluster
