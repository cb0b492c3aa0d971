#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "host/conformance/healthcheck_cases.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

constexpr std::array kFamilies = {kube::IpFamily::kIPv4, kube::IpFamily::kIPv6};

// What an event acts on.
struct World {
  HealthServer& server;
  StandingClock& clock;
  kube::Node node;
};

using Event = std::function<void(World&)>;

struct Moment {
  CaseHead head;
  std::vector<Event> events;
  Facts expected;
};

struct TimelineCase {
  std::string path;
  int64_t stale_after_seconds = 0;
  std::vector<Moment> moments;
};

// The parts, without blanks around them.
std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    const size_t begin = part.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    parts.push_back(part.substr(begin, part.find_last_not_of(' ') + 1 - begin));
  }
  return parts;
}

// "IPv4, IPv6"
std::vector<kube::IpFamily> FamiliesOf(const Field& field, const std::string& text) {
  std::vector<kube::IpFamily> families;
  for (const std::string& name : Split(text, ',')) {
    const auto found = std::ranges::find_if(
        kFamilies, [&](kube::IpFamily family) { return kube::ToString(family) == name; });
    if (found == kFamilies.end()) {
      field.Fail(fmt::format("'{}' is none of IPv4, IPv6", name));
    } else {
      families.push_back(*found);
    }
  }
  return families;
}

// Every node event makes the node anew.
Event DecodeNodeEvent(const Field& field, const std::string& what) {
  constexpr std::string_view kTaint = "taint ";
  kube::Node node;
  if (what.starts_with(kTaint)) {
    node.taints.push_back({.key = what.substr(kTaint.size()), .value = "", .effect = "NoSchedule"});
  } else if (what == "deletionTimestamp") {
    node.metadata.deletion_timestamp = absl::UnixEpoch();
  } else {
    field.Fail(fmt::format("'node {}' is none of node taint KEY, node deletionTimestamp", what));
  }
  return [node](World& world) { world.node = node; };
}

Event DecodeEvent(const Field& field, const std::string& text) {
  const size_t space = text.find(' ');
  const std::string verb = text.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : text.substr(space + 1);
  int64_t seconds = 0;
  if (verb == "none") return [](World&) {};
  if (verb == "node") return DecodeNodeEvent(field, rest);
  if (verb == "wait" && absl::SimpleAtoi(rest, &seconds) && seconds >= 0) {
    return [seconds](World& world) { world.clock.Advance(seconds); };
  }
  if (verb == "queue" || verb == "synced") {
    const auto act = verb == "queue" ? &HealthServer::Queued : &HealthServer::Synced;
    return [families = FamiliesOf(field, rest), act](World& world) {
      for (const kube::IpFamily family : families) (world.server.*act)(family);
    };
  }
  field.Fail(fmt::format(
      "'{}' is none of none, queue FAMILY, synced FAMILY, wait SECONDS, node ...", text));
  return [](World&) {};
}

Moment DecodeMoment(const CaseDocument& document, const CaseHead& of_case, const Field& field) {
  Moment moment;
  moment.head = of_case;
  moment.head.line = field.line();
  moment.head.name += " / " + document.Head(field).name;
  for (const std::string& text : Split(field["event"].Text(), ';')) {
    moment.events.push_back(DecodeEvent(field["event"], text));
  }
  if (moment.events.empty()) field["event"].Fail("missing");
  moment.expected["status"] = field["status"].Integer(100, 599, "an HTTP status").value_or(0);
  moment.expected["unhealthy"] = Sorted(field["unhealthy"].Texts());
  if (field["node_eligible"].present()) {
    moment.expected["nodeEligible"] = field["node_eligible"].Bool(false);
  }
  ExpectHeaders(moment.expected);
  return moment;
}

Facts Ask(const HealthServer& server, const std::string& path) {
  const auto answer = Get("127.0.0.1", server.port(), path);
  if (!answer) return {};
  Facts met = {{"status", answer->status}};
  AddHeaderFacts(*answer, met);
  std::vector<std::string> unhealthy;
  if (answer->body.is_object()) {
    if (answer->body.contains("nodeEligible")) met["nodeEligible"] = answer->body["nodeEligible"];
    const json status = answer->body.value("status", json::object());
    for (const auto& [family, health] : status.items()) {
      if (health.value("healthy", json()) != true) unhealthy.push_back(family);
    }
  }
  met["unhealthy"] = Sorted(unhealthy);
  return met;
}

void RunTimeline(const CaseDocument& document, const TimelineCase& asked,
                 std::vector<CaseResult>& results) {
  StandingClock clock;
  const auto server = OpenHealthServer(clock, absl::Seconds(asked.stale_after_seconds));
  if (!server.ok()) {
    results.push_back(document.ResultOf(asked.moments.front().head));
    results.back().status = CaseStatus::kFailed;
    results.back().detail = std::string(server.status().message());
    return;
  }
  World world{**server, clock, {}};
  for (const Moment& moment : asked.moments) {
    for (const Event& event : moment.events) event(world);
    (*server)->Update({}, IsNodeEligible(&world.node));
    results.push_back(document.ResultOf(moment.head));
    Judge(moment.expected, Ask(**server, asked.path), results.back());
  }
}

}  // namespace

std::function<void(std::vector<CaseResult>&)> DecodeTimelineCase(const CaseDocument& document,
                                                                 const Field& field) {
  TimelineCase asked;
  const CaseHead head = document.Head(field);
  asked.path = field["endpoint"].Text();
  if (asked.path.empty()) field["endpoint"].Fail("missing: the path that is asked");
  asked.stale_after_seconds =
      field["stale_after_seconds"].Integer(1, 86400, "a time in seconds").value_or(0);
  if (!field["stale_after_seconds"].present()) field["stale_after_seconds"].Fail("missing");
  asked.moments = field["timeline"].List(
      [&](const Field& moment) { return DecodeMoment(document, head, moment); });
  if (asked.moments.empty()) field["timeline"].Fail("holds nothing");
  return [&document, asked](std::vector<CaseResult>& results) {
    RunTimeline(document, asked, results);
  };
}

}  // namespace pointsman::conformance
