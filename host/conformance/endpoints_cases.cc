#include <fmt/format.h>

#include <optional>
#include <utility>

#include "host/conformance/judge.h"
#include "host/conformance/kinds.h"
#include "host/services/endpoint_tracker.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

struct EndpointsStep {
  CaseStep step;
  bool is_judged = false;
  Facts expected;
};

struct EndpointsCase {
  kube::IpFamily family = kube::IpFamily::kIPv4;
  std::string node_name;
  std::vector<EndpointsStep> steps;
};

json EndpointFacts(const ServiceEndpoint& endpoint) {
  return {{"endpoint", SocketAddress{endpoint.address, endpoint.port}.ToString()},
          {"local", endpoint.local},
          {"ready", endpoint.ready},
          {"serving", endpoint.serving},
          {"terminating", endpoint.terminating}};
}

ServiceEndpoint DecodeEndpoint(const Field& field) {
  ServiceEndpoint endpoint;
  const auto socket = DecodeSocketAddress(field["endpoint"]).value_or(SocketAddress());
  endpoint.address = socket.address;
  endpoint.port = socket.port;
  endpoint.local = field["local"].Bool(false);
  endpoint.ready = field["ready"].Bool(false);
  endpoint.serving = field["serving"].Bool(false);
  endpoint.terminating = field["terminating"].Bool(false);
  return endpoint;
}

// A map of whatever `decode` makes of each member.
template <typename Decode>
json DecodeMap(const Field& map, Decode decode) {
  json out = json::object();
  for (const auto& [name, value] : map.value()->members) out[name] = decode(map[name]);
  return out;
}

// By "ns/service:port-name"; a port without a name may leave out the colon.
json DecodeEndpointMap(const Field& map) {
  json out = json::object();
  const json named = DecodeMap(map, [](const Field& list) {
    return Sorted(list.List([](const Field& item) { return EndpointFacts(DecodeEndpoint(item)); }));
  });
  for (const auto& [name, endpoints] : named.items()) {
    const bool bare = name.ends_with(':');
    if (!endpoints.empty()) out[bare ? name.substr(0, name.size() - 1) : name] = endpoints;
  }
  return out;
}

json DecodeAddresses(const Field& list) {
  std::vector<std::string> texts;
  for (const kube::IpAddress& ip : list.ListOf([](const Field& item) { return item.Ip(); })) {
    texts.push_back(ip.ToString());
  }
  return Sorted(texts);
}

Facts DecodeExpectation(const Field& expect) {
  Facts facts;
  if (expect["endpoints"].present()) facts["endpoints"] = DecodeEndpointMap(expect["endpoints"]);
  for (const char* name : {"changed", "udp_cleanup_needed"}) {
    if (expect[name].present()) facts[name] = expect[name].Bool(false);
  }
  const Field services = expect["changed_services"];
  if (services.present()) facts["changed_services"] = Sorted(services.Texts());
  const Field ips = expect["local_ready_ips"];
  if (ips.present()) facts["local_ready_ips"] = DecodeMap(ips, DecodeAddresses);
  const Field counts = expect["local_ready_counts"];
  if (counts.present()) {
    facts["local_ready_counts"] = DecodeMap(counts, [](const Field& count) {
      return count.Integer(0, 1 << 20, "a number of addresses").value_or(0);
    });
  }
  return facts;
}

EndpointsCase DecodeEndpointsCase(const CaseDocument& document, const Field& field) {
  EndpointsCase result;
  const Field family = field["family"].present() ? field["family"] : document.root()["family"];
  result.family = DecodeFamily(family);
  result.node_name = field["node"]["nodeName"].Text();
  document.ForEachStep(field, [&](CaseStep step, const Field& step_field) {
    const Field expect = step_field["expect"];
    result.steps.push_back({std::move(step), expect.present(), DecodeExpectation(expect)});
  });
  return result;
}

// Whether the tracker saw any of it change something.
bool Play(const ObjectChange& change, EndpointTracker& tracker) {
  bool changed = false;
  const auto apply = [&] {
    for (const kube::Object& object : change.apply) {
      const auto* slice = std::get_if<kube::EndpointSlice>(&object);
      if (slice != nullptr) changed |= tracker.Apply(*slice);
    }
  };
  if (change.apply_first) apply();
  for (const kube::ObjectKey& key : change.deletions) changed |= tracker.Delete(key);
  if (!change.apply_first) apply();
  return changed;
}

Facts FactsOf(const EndpointMap& map) {
  json endpoints = json::object();
  for (const auto& [key, list] : map) {
    // Ports that differ in protocol only have one name here.
    std::vector<json> facts = endpoints.value(key.ToString(), std::vector<json>());
    for (const ServiceEndpoint& endpoint : list) facts.push_back(EndpointFacts(endpoint));
    endpoints[key.ToString()] = Sorted(facts);
  }
  json ips = json::object();
  json counts = json::object();
  for (const auto& [service, addresses] : LocalReadyAddresses(map)) {
    std::vector<std::string> texts;
    for (const kube::IpAddress& address : addresses) texts.push_back(address.ToString());
    ips[NameOf(service)] = Sorted(texts);
    counts[NameOf(service)] = addresses.size();
  }
  return {{"endpoints", endpoints}, {"local_ready_ips", ips}, {"local_ready_counts", counts}};
}

void RunCase(const CaseDocument& document, const EndpointsCase& asked,
             std::vector<CaseResult>& results) {
  EndpointTracker tracker(asked.family, {asked.node_name, ""});
  for (const EndpointsStep& step : asked.steps) {
    const bool changed = Play(step.step.change, tracker);
    const EndpointChanges changes = tracker.Take();
    if (!step.is_judged) continue;
    Facts met = FactsOf(tracker.endpoints());
    std::vector<std::string> services;
    for (const kube::ObjectKey& service : changes.services) services.push_back(NameOf(service));
    met["changed"] = changed;
    met["changed_services"] = Sorted(services);
    met["udp_cleanup_needed"] = changes.udp_cleanup_needed;
    results.push_back(document.ResultOf(step.step.head));
    Judge(step.expected, met, results.back());
  }
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunEndpointsCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeEndpointsCase, RunCase);
}

}  // namespace pointsman::conformance
