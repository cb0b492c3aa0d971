#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "host/conformance/healthcheck_cases.h"

namespace pointsman::conformance {
namespace {

using kube::Field;
using nlohmann::json;

constexpr int64_t kStaleSeconds = 10;

struct HealthProbe {
  std::optional<kube::IpAddress> address;  // none: every one the port is listened on
  uint16_t port = 0;
  std::string path;
  std::optional<bool> proxy_healthy;  // none: as the step says
  Facts expected;
};

struct HealthStep {
  CaseStep step;
  bool proxy_healthy = true;
  std::optional<json> listens;
  std::vector<HealthProbe> probes;
};

struct HealthPortsCase {
  NodeFacts node;
  std::vector<HealthStep> steps;
};

json ToJson(const kube::Value& value) {
  switch (value.type) {
    case kube::ValueType::kNull:
      return nullptr;
    case kube::ValueType::kBool:
      return value.text == "true";
    case kube::ValueType::kNumber: {
      json number = json::parse(value.text, nullptr, /*allow_exceptions=*/false);
      return number.is_discarded() ? json(value.text) : number;
    }
    case kube::ValueType::kString:
      return value.text;
    case kube::ValueType::kList: {
      json list = json::array();
      for (const kube::Value& item : value.items) list.push_back(ToJson(item));
      return list;
    }
    case kube::ValueType::kMap:
      break;
  }
  json map = json::object();
  for (const auto& [name, member] : value.members) map[name] = ToJson(member);
  return map;
}

// {headers: {NAME: VALUE}, body: {MEMBER: VALUE}}; the body may be a text that holds JSON.
void DecodeResponse(const Field& field, Facts& expected) {
  if (!field.present()) return;
  const json response = ToJson(*field.value());
  const json headers = response.value("headers", json::object());
  for (const auto& [name, value] : headers.items()) {
    std::string header = "header " + name;
    std::ranges::transform(header, header.begin(), [](unsigned char c) { return std::tolower(c); });
    expected[header] = value.is_string() ? value : json(value.dump());
  }
  json body = response.value("body", json());
  if (body.is_string()) body = json::parse(body.get<std::string>(), nullptr, false);
  if (body.is_discarded()) field["body"].Fail("a map, or a text that holds JSON, is expected");
  if (!body.is_object()) return;
  for (const auto& [name, value] : body.items()) expected["body " + name] = value;
}

HealthProbe DecodeProbe(const Field& field) {
  HealthProbe probe;
  probe.address = field["address"].Ip();
  probe.port = field["port"].Port().value_or(0);
  if (probe.port == 0) field["port"].Fail("missing: the port that is asked");
  probe.path = field["path"].present() ? field["path"].Text() : "/healthz";
  if (field["proxy_healthy"].present()) probe.proxy_healthy = field["proxy_healthy"].Bool(true);
  probe.expected["status"] = field["status"].Integer(100, 599, "an HTTP status").value_or(0);
  if (const auto count = field["local_endpoints"].Integer(0, 1 << 20, "a number of endpoints")) {
    probe.expected["body localEndpoints"] = *count;
    probe.expected["header x-load-balancing-endpoint-weight"] = fmt::to_string(*count);
  }
  ExpectHeaders(probe.expected);
  DecodeResponse(field["response"], probe.expected);
  return probe;
}

// Without nodePortAddresses there is no limit: every address.
void DecodeNodePortAddresses(const Field& field, NodeFacts& node) {
  std::vector<std::string> texts = field.Texts();
  if (texts.empty()) texts = {"0.0.0.0/0", "::/0"};
  for (const std::string& text : texts) {
    const auto prefix = kube::IpPrefix::Parse(text);
    if (text == "primary") {
      for (const kube::IpAddress& ip : node.primary_addresses) {
        node.node_port_addresses.push_back(kube::IpPrefix::Of(ip));
      }
    } else if (prefix.ok()) {
      node.node_port_addresses.push_back(*prefix);
    } else {
      field.Fail(std::string(prefix.status().message()));
    }
  }
}

NodeFacts DecodeNode(const Field& field) {
  NodeFacts node;
  const auto ip = [](const Field& item) { return item.Ip(); };
  node.name = field["nodeName"].Text();
  if (node.name.empty()) field["nodeName"].Fail("missing");
  node.primary_addresses = field["nodeIPs"].ListOf(ip);
  node.other_addresses = field["otherLocalIPs"].ListOf(ip);
  DecodeNodePortAddresses(field["nodePortAddresses"], node);
  return node;
}

std::string Text(const kube::IpAddress& address, uint16_t port) {
  return SocketAddress{address, port}.ToString();
}

// Puts the servers of a case on loopback addresses of this process, one for each address they are
// meant for: the node's are not on this machine, and others may run the same cases.
class StandIns {
 public:
  kube::IpAddress For(const kube::IpAddress& address) {
    const auto [entry, added] = chosen_.try_emplace(address, kube::IpAddress());
    if (added) {
      const auto pid = static_cast<uint32_t>(getpid());
      const std::array<uint8_t, 4> bytes = {127, static_cast<uint8_t>(100 + chosen_.size() % 100),
                                            static_cast<uint8_t>(pid >> 8),
                                            static_cast<uint8_t>(pid)};
      entry->second = kube::IpAddress::FromBytes(bytes);
    }
    return entry->second;
  }

 private:
  std::map<kube::IpAddress, kube::IpAddress> chosen_;
};

class HealthPortsRunner {
 public:
  HealthPortsRunner(const CaseDocument& document, const HealthPortsCase& asked,
                    HealthServer& server, StandingClock& clock)
      : document_(document), asked_(asked), server_(server), clock_(clock) {
    server_.Synced(kube::IpFamily::kIPv4);
  }

  void Run(std::vector<CaseResult>& results) {
    for (const HealthStep& step : asked_.steps) {
      Play(step.step.change, objects_);
      wanted_ = HealthCheckPorts(objects_, asked_.node);
      const std::vector<kube::Problem> problems = server_.Update(OnStandIns(), true);
      if (!step.listens && step.probes.empty()) continue;
      CaseResult result = document_.ResultOf(step.step.head);
      if (step.listens) Judge({{"listens", *step.listens}}, {{"listens", Listening()}}, result);
      for (const HealthProbe& probe : step.probes) Ask(step, probe, result);
      for (const kube::Problem& problem : problems) {
        if (result.status == CaseStatus::kFailed) result.detail += "\n    " + problem.ToString();
      }
      results.push_back(std::move(result));
    }
  }

 private:
  // What is wanted, where it can be had.
  std::vector<HealthCheckPort> OnStandIns() {
    std::vector<HealthCheckPort> ports = wanted_;
    for (HealthCheckPort& port : ports) {
      for (kube::IpAddress& address : port.addresses) {
        ever_wanted_.insert({address, port.port});
        address = stand_ins_.For(address);
      }
    }
    return ports;
  }

  // Of all sockets that were wanted at some time, those that answer.
  json Listening() {
    std::vector<std::string> sockets;
    for (const auto& [address, port] : ever_wanted_) {
      if (Get(stand_ins_.For(address).ToString(), port, "/"))
        sockets.push_back(Text(address, port));
    }
    return Sorted(sockets);
  }

  void SetProxyHealthy(bool healthy) {
    server_.Synced(kube::IpFamily::kIPv4);
    if (healthy) return;
    server_.Queued(kube::IpFamily::kIPv4);
    clock_.Advance(kStaleSeconds);
  }

  void Ask(const HealthStep& step, const HealthProbe& probe, CaseResult& result) {
    const bool proxy_healthy = probe.proxy_healthy.value_or(step.proxy_healthy);
    SetProxyHealthy(proxy_healthy);
    Facts expected = probe.expected;
    expected["body serviceProxyHealthy"] = proxy_healthy;
    std::set<kube::IpAddress> addresses;
    if (probe.address) addresses.insert(*probe.address);
    for (const HealthCheckPort& port : wanted_) {
      if (!probe.address && port.port == probe.port) {
        addresses.insert(port.addresses.begin(), port.addresses.end());
      }
    }
    if (addresses.empty()) Judge(expected, {}, result);
    for (const kube::IpAddress& address : addresses) {
      Judge(expected, Answer(address, probe), result);
    }
  }

  Facts Answer(const kube::IpAddress& address, const HealthProbe& probe) {
    const auto answer = Get(stand_ins_.For(address).ToString(), probe.port, probe.path);
    if (!answer) return {};
    Facts met = {{"status", answer->status}};
    AddHeaderFacts(*answer, met);
    if (answer->body.is_object()) {
      for (const auto& [name, value] : answer->body.items()) met["body " + name] = value;
    }
    return met;
  }

  const CaseDocument& document_;
  const HealthPortsCase& asked_;
  HealthServer& server_;
  StandingClock& clock_;
  StandIns stand_ins_;
  kube::ObjectSet objects_;
  std::vector<HealthCheckPort> wanted_;
  std::set<std::pair<kube::IpAddress, uint16_t>> ever_wanted_;
};

void RunHealthPorts(const CaseDocument& document, const HealthPortsCase& asked,
                    std::vector<CaseResult>& results) {
  StandingClock clock;
  const auto server = OpenHealthServer(clock, absl::Seconds(kStaleSeconds));
  if (server.ok()) return HealthPortsRunner(document, asked, **server, clock).Run(results);
  results.push_back(document.ResultOf(asked.steps.front().step.head));
  results.back().status = CaseStatus::kFailed;
  results.back().detail = std::string(server.status().message());
}

HealthStep DecodeHealthStep(CaseStep step, const Field& field) {
  HealthStep out;
  out.step = std::move(step);
  out.proxy_healthy = field["proxy_healthy"].Bool(true);
  if (field["listens"].present()) {
    std::vector<std::string> sockets;
    for (const SocketAddress& socket : field["listens"].ListOf(DecodeSocketAddress)) {
      sockets.push_back(socket.ToString());
    }
    out.listens = Sorted(sockets);
  }
  out.probes = field["probe"].List(DecodeProbe);
  for (HealthProbe& probe : out.probes) DecodeResponse(field["response"], probe.expected);
  return out;
}

}  // namespace

std::function<void(std::vector<CaseResult>&)> DecodeHealthPortsCase(const CaseDocument& document,
                                                                    const Field& field) {
  HealthPortsCase asked;
  asked.node = DecodeNode(field["node"]);
  document.ForEachStep(field, [&](CaseStep step, const Field& step_field) {
    asked.steps.push_back(DecodeHealthStep(std::move(step), step_field));
  });
  if (asked.steps.empty()) field["steps"].Fail("holds nothing");
  return [&document, asked](std::vector<CaseResult>& results) {
    RunHealthPorts(document, asked, results);
  };
}

}  // namespace pointsman::conformance
