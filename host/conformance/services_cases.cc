#include <fmt/format.h>

#include <utility>

#include "host/conformance/judge.h"
#include "host/conformance/kinds.h"
#include "host/kube/decode_kinds.h"
#include "host/services/service_port_map.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

struct ServicesStep {
  CaseStep step;
  bool is_judged = false;
  Facts expected;
};

struct ServicesCase {
  kube::IpFamily family = kube::IpFamily::kIPv4;
  std::vector<ServicesStep> steps;
};

template <typename Values>
json SortedTexts(const Values& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(value.ToString());
  return Sorted(texts);
}

// A port as cases write it, without what is empty.
json PortFacts(const ServedPort& port) {
  json facts = {{"service", port.service},
                {"port_name", port.name},
                {"protocol", kube::ToString(port.protocol)},
                {"cluster_ip", port.cluster_ip.ToString()},
                {"port", port.port}};
  const auto add_number = [&](const char* name, int64_t number) {
    if (number != 0) facts[name] = number;
  };
  const auto add_list = [&](const char* name, const auto& values) {
    if (!values.empty()) facts[name] = SortedTexts(values);
  };
  add_number("node_port", port.node_port);
  add_number("health_check_node_port", port.health_check_node_port);
  add_number("affinity_seconds", port.affinity_seconds);
  add_list("external_ips", port.external_ips);
  add_list("load_balancer_ips", port.load_balancer_ips);
  add_list("source_ranges", port.source_ranges);
  return facts;
}

uint16_t DecodePortNumber(const Field& field) {
  return static_cast<uint16_t>(field.Integer(0, 65535, "a port number").value_or(0));
}

ServedPort DecodePort(const Field& field) {
  ServedPort port;
  port.service = field["service"].Text();
  port.name = field["port_name"].Text();
  port.protocol = kube::DecodeProtocol(field["protocol"]);
  port.cluster_ip = field["cluster_ip"].Ip().value_or(kube::IpAddress());
  port.port = DecodePortNumber(field["port"]);
  port.node_port = DecodePortNumber(field["node_port"]);
  const auto ip = [](const Field& item) { return item.Ip(); };
  port.external_ips = field["external_ips"].ListOf(ip);
  port.load_balancer_ips = field["load_balancer_ips"].ListOf(ip);
  port.source_ranges =
      field["source_ranges"].ListOf([](const Field& item) { return item.Prefix(); });
  port.health_check_node_port = DecodePortNumber(field["health_check_node_port"]);
  port.affinity_seconds = static_cast<uint32_t>(
      field["affinity_seconds"].Integer(0, 86400, "a time in seconds").value_or(0));
  for (const char* needed : {"service", "protocol", "cluster_ip", "port"}) {
    if (!field[needed].present()) field[needed].Fail("missing");
  }
  return port;
}

// "ns/name:port"; a port without a name may leave out the colon.
std::vector<std::string> PortNames(const Field& list) {
  std::vector<std::string> names = list.Texts();
  for (std::string& name : names) {
    if (name.ends_with(':')) name.pop_back();
  }
  return names;
}

json DecodeNumbers(const Field& map) {
  json numbers = json::object();
  if (!map.present()) return numbers;
  for (const auto& [name, value] : map.value()->members) {
    numbers[name] = DecodePortNumber(map[name]);
  }
  return numbers;
}

Facts DecodeExpectation(const Field& expect) {
  Facts facts;
  if (expect["ports"].present()) {
    facts["ports"] =
        Sorted(expect["ports"].List([](const Field& f) { return PortFacts(DecodePort(f)); }));
  }
  if (expect["updated"].present()) facts["updated"] = Sorted(expect["updated"].Texts());
  for (const char* list : {"deleted_ports", "udp_ports"}) {
    if (expect[list].present()) facts[list] = Sorted(PortNames(expect[list]));
  }
  const Field health = expect["health_check_node_ports"];
  if (health.present()) facts["health_check_node_ports"] = DecodeNumbers(health);
  return facts;
}

ServicesCase DecodeServicesCase(const CaseDocument& document, const Field& field) {
  ServicesCase result;
  result.family = DecodeFamily(field["family"]);
  document.ForEachStep(field, [&](CaseStep step, const Field& step_field) {
    const Field expect = step_field["expect"];
    result.steps.push_back({std::move(step), expect.present(), DecodeExpectation(expect)});
  });
  return result;
}

Facts FactsOf(const ServicePortMap& before, const ServicePortMap& after) {
  const ServicePortChanges changes = ChangesBetween(before, after);
  std::vector<json> ports;
  std::vector<std::string> udp_ports;
  for (const auto& [key, port] : after) {
    ports.push_back(PortFacts(port));
    if (port.protocol == kube::Protocol::kUdp) udp_ports.push_back(key.ToString());
  }
  std::vector<std::string> updated;
  for (const kube::ObjectKey& service : changes.updated_services) {
    updated.push_back(NameOf(service));
  }
  json health = json::object();
  for (const auto& [service, port] : HealthCheckNodePorts(after)) health[NameOf(service)] = port;
  return {{"ports", Sorted(ports)},
          {"updated", Sorted(updated)},
          {"deleted_ports", SortedTexts(changes.deleted_ports)},
          {"udp_ports", Sorted(udp_ports)},
          {"health_check_node_ports", health}};
}

void RunCase(const CaseDocument& document, const ServicesCase& asked,
             std::vector<CaseResult>& results) {
  kube::ObjectSet objects;
  ServicePortMap before;
  for (const ServicesStep& step : asked.steps) {
    Play(step.step.change, objects);
    ServicePortMap after = PortsOfServices(objects, asked.family);
    if (step.is_judged) {
      results.push_back(document.ResultOf(step.step.head));
      Judge(step.expected, FactsOf(before, after), results.back());
    }
    before = std::move(after);
  }
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunServicesCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeServicesCase, RunCase);
}

}  // namespace pointsman::conformance
