#include <optional>
#include <set>
#include <utility>

#include "host/conformance/judge.h"
#include "host/conformance/kinds.h"
#include "host/services/endpoint_sets.h"
#include "host/services/served_ports.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";

struct TopologyCase {
  CaseHead head;
  NodePlace node;
  kube::ObjectSet objects;
  Facts expected;
};

// null: there is no such traffic.
json DecodeEndpoints(const Field& field) {
  if (!field.present()) return nullptr;
  std::set<std::string> texts;
  for (const SocketAddress& address : field.ListOf(DecodeSocketAddress)) {
    texts.insert(address.ToString());
  }
  return texts;
}

TopologyCase DecodeTopologyCase(const CaseDocument& document, const Field& field) {
  TopologyCase result;
  result.head = document.Head(field);
  const Field node = field["node"];
  result.node.name = node["nodeName"].Text();
  const kube::StringMap labels = node["labels"].Map();
  if (const auto zone = labels.find(kZoneLabel); zone != labels.end()) {
    result.node.zone = zone->second;
  }
  for (kube::Object& object : document.Objects(field["objects"])) {
    result.objects.Apply(std::move(object));
  }
  const Field expect = field["expect"];
  if (!expect.present()) expect.Fail("missing");
  for (const char* set : {"cluster", "local", "all"}) {
    result.expected[set] = DecodeEndpoints(expect[set]);
  }
  result.expected["any_endpoint"] = expect["any_endpoint"].Bool(false);
  return result;
}

// What is met; a set that no traffic needs is not there.
struct Categories {
  std::optional<std::set<std::string>> cluster;
  std::optional<std::set<std::string>> local;
  bool any = false;
};

void Add(const std::vector<ServiceEndpoint>& endpoints, std::optional<std::set<std::string>>& set) {
  if (!set) set.emplace();
  for (const ServiceEndpoint& endpoint : endpoints) {
    set->insert(SocketAddress{endpoint.address, endpoint.port}.ToString());
  }
}

// Of all ports of all Services (the cases have one).
Categories Categorized(const TopologyCase& asked) {
  Categories met;
  auto slices = SlicesByService(asked.objects);
  for (const auto& [key, service] : asked.objects.services) {
    for (const kube::IpFamily family : service.ip_families) {
      for (const ServedPort& port : ServedPorts(service, family)) {
        const EndpointSets sets = Categorize(port, EndpointsOfPort(slices[key], port, asked.node));
        met.any |= sets.any;
        if (port.UsesClusterEndpoints()) Add(sets.cluster, met.cluster);
        if (port.UsesLocalEndpoints()) Add(sets.local, met.local);
      }
    }
  }
  return met;
}

Facts FactsOf(const Categories& met) {
  std::set<std::string> all;
  for (const auto& set : {met.cluster, met.local}) {
    if (set) all.insert(set->begin(), set->end());
  }
  const auto or_null = [](const auto& set) { return set ? json(*set) : json(nullptr); };
  return {{"cluster", or_null(met.cluster)},
          {"local", or_null(met.local)},
          {"all", all},
          {"any_endpoint", met.any}};
}

void RunCase(const CaseDocument& document, const TopologyCase& asked,
             std::vector<CaseResult>& results) {
  results.push_back(document.ResultOf(asked.head));
  Judge(asked.expected, FactsOf(Categorized(asked)), results.back());
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunTopologyCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeTopologyCase, RunCase);
}

}  // namespace pointsman::conformance
