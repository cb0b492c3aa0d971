#include <fmt/format.h>

#include <utility>

#include "host/conformance/judge.h"
#include "host/conformance/kinds.h"
#include "host/kube/decode_kinds.h"
#include "host/services/stale_connections.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

struct ConntrackStep {
  CaseStep step;
  bool is_judged = false;
  std::vector<TrackedConnection> stale;
  std::vector<TrackedConnection> kept;
};

struct ConntrackCase {
  kube::IpFamily family = kube::IpFamily::kIPv4;
  std::vector<ConntrackStep> steps;
};

std::string Describe(const TrackedConnection& connection) {
  return fmt::format("{} {} to {}, answered by {}", kube::ToString(connection.protocol),
                     connection.source.ToString(),
                     SocketAddress{connection.destination, connection.port}.ToString(),
                     SocketAddress{connection.reply_source, connection.reply_port}.ToString());
}

TrackedConnection DecodeConnection(const Field& field) {
  TrackedConnection connection;
  connection.protocol = kube::DecodeProtocol(field["protocol"]);
  connection.source = field["source"].Ip().value_or(kube::IpAddress());
  connection.destination = field["destination"].Ip().value_or(kube::IpAddress());
  connection.port = field["port"].Port().value_or(0);
  connection.reply_source = field["reply_source"].Ip().value_or(kube::IpAddress());
  connection.reply_port = field["reply_port"].Port().value_or(0);
  for (const char* needed : {"protocol", "destination", "port", "reply_source", "reply_port"}) {
    if (!field[needed].present()) field[needed].Fail("missing");
  }
  return connection;
}

ConntrackCase DecodeConntrackCase(const CaseDocument& document, const Field& field) {
  ConntrackCase result;
  result.family = DecodeFamily(field["family"]);
  const auto take = [](const Field& expect, ConntrackStep& step) {
    step.is_judged = true;
    step.stale = expect["delete"].List(DecodeConnection);
    step.kept = expect["keep"].List(DecodeConnection);
  };
  document.ForEachStep(field, [&](CaseStep step, const Field& step_field) {
    result.steps.push_back({std::move(step), false, {}, {}});
    const Field expect = step_field["expect"];
    if (expect.present()) take(expect, result.steps.back());
  });
  // Beside `steps`: after the last of them.
  const Field expect = field["expect"];
  if (expect.present() && !result.steps.empty()) take(expect, result.steps.back());
  return result;
}

StaleConnections StaleConnectionsOf(const kube::ObjectSet& objects, kube::IpFamily family) {
  EndpointTracker tracker(family, {});
  for (const auto& [key, slice] : objects.endpoint_slices) tracker.Apply(slice);
  tracker.Take();
  return StaleConnections(PortsOfServices(objects, family), tracker.endpoints());
}

// Each connection by its description, with what becomes of it.
Facts FactsOf(const ConntrackStep& step, const StaleConnections& stale) {
  Facts met;
  for (const auto* connections : {&step.stale, &step.kept}) {
    for (const TrackedConnection& connection : *connections) {
      met[Describe(connection)] = stale.IsStale(connection) ? "delete" : "keep";
    }
  }
  return met;
}

Facts Expected(const ConntrackStep& step) {
  Facts expected;
  for (const TrackedConnection& connection : step.stale) expected[Describe(connection)] = "delete";
  for (const TrackedConnection& connection : step.kept) expected[Describe(connection)] = "keep";
  return expected;
}

void RunCase(const CaseDocument& document, const ConntrackCase& asked,
             std::vector<CaseResult>& results) {
  kube::ObjectSet objects;
  for (const ConntrackStep& step : asked.steps) {
    Play(step.step.change, objects);
    if (!step.is_judged) continue;
    results.push_back(document.ResultOf(step.step.head));
    Judge(Expected(step), FactsOf(step, StaleConnectionsOf(objects, asked.family)), results.back());
  }
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunConntrackCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeConntrackCase, RunCase);
}

}  // namespace pointsman::conformance
