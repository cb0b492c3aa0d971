#include "host/conformance/case_file.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "host/conformance/case_document.h"
#include "host/kube/decode.h"
#include "host/kube/decode_kinds.h"
#include "host/kube/field.h"
#include "host/kube/yaml_text.h"

namespace pointsman::conformance {
namespace {

using kube::Field;

constexpr std::string_view kFormatPrefix = "service-proxy-conformance/";
constexpr std::string_view kFormatSuffix = "/v1";

constexpr std::array<std::pair<std::string_view, Expectation>, 4> kExpectations = {
    {{"forward", Expectation::kForward},
     {"drop", Expectation::kDrop},
     {"reject", Expectation::kReject},
     {"accept", Expectation::kAccept}}};

std::vector<kube::IpAddress> Addresses(const Field& field) {
  return field.ListOf([](const Field& item) { return item.Ip(); });
}

std::vector<kube::IpPrefix> Prefixes(const Field& field) {
  return field.ListOf([](const Field& item) { return item.Prefix(); });
}

NodeSetup DecodeNodeSetup(const Field& field) {
  NodeSetup node;
  node.node_name = field["nodeName"].Text();
  if (node.node_name.empty()) field["nodeName"].Fail("missing");
  node.zone = field["zone"].Text();
  node.node_ips = Addresses(field["nodeIPs"]);
  node.other_local_ips = Addresses(field["otherLocalIPs"]);
  node.detect_pods_by_cidr = field["localPods"]["detectBy"].Text() == "ClusterCIDR";
  node.pod_cidrs = Prefixes(field["localPods"]["cidrs"]);
  node.service_cidrs = Prefixes(field["serviceCIDRs"]);
  node.node_port_addresses = field["nodePortAddresses"].Texts();
  node.masquerade_all = field["masqueradeAll"].Bool(false);
  node.localhost_node_ports = field["localhostNodePorts"].Bool(false);
  return node;
}

PacketCase DecodeCase(const Field& field) {
  PacketCase result;
  result.name = field["name"].Text();
  result.line = field.line();
  result.protocol = kube::DecodeProtocol(field["protocol"]);
  result.source = field["source_ip"].Ip().value_or(kube::IpAddress());
  result.destination = field["dest_ip"].Ip().value_or(kube::IpAddress());
  result.destination_port = field["dest_port"].Port().value_or(0);
  if (!field["source_ip"].present()) field["source_ip"].Fail("missing");
  if (!field["dest_ip"].present()) field["dest_ip"].Fail("missing");
  if (!field["dest_port"].present()) field["dest_port"].Fail("missing");
  result.expect = field["expect"].Enum<Expectation>(kExpectations, Expectation::kForward);
  if (!field["expect"].present()) field["expect"].Fail("missing");
  result.to = field["to"].ListOf(DecodeSocketAddress);
  if (result.to.empty() && result.expect == Expectation::kForward) {
    field["to"].Fail("missing: where a forwarded packet may go");
  }
  result.masquerade = field["masquerade"].Bool(false);
  result.masquerade_for = field["masquerade_for"].ListOf(DecodeSocketAddress);
  result.sticky = field["sticky"].Text();
  return result;
}

// Objects are read as manifests are: what an API server would refuse is passed over and reported.
class FileDecoder {
 public:
  FileDecoder(const kube::Value& document, CaseFile& out)
      : document_(document), root_(document_, report_), out_(out) {}

  kube::Report Decode() {
    const std::string format = root_["format"].Text();
    if (!format.starts_with(kFormatPrefix) || !format.ends_with(kFormatSuffix)) {
      root_["format"].Fail(
          fmt::format("'{}' is not {}KIND{}", format, kFormatPrefix, kFormatSuffix));
      return report_;
    }
    out_.kind = format.substr(kFormatPrefix.size(),
                              format.size() - kFormatPrefix.size() - kFormatSuffix.size());
    if (out_.kind != "packet") return report_;
    const kube::Value* scenarios = document_.Find("scenarios");
    size_t index = 0;
    root_["scenarios"].ForEach([&](const Field& field) {
      out_.scenarios.push_back(DecodeScenario(field, scenarios->items[index++]));
    });
    return report_;
  }

 private:
  Scenario DecodeScenario(const Field& field, const kube::Value& value) {
    Scenario scenario;
    scenario.name = field["name"].Text();
    scenario.node = DecodeNodeSetup(field["node"]);
    if (!field["steps"].present()) {
      Step step;
      step.apply = Objects(value.Find("objects"));
      step.cases = field["cases"].List(DecodeCase);
      scenario.steps.push_back(std::move(step));
      return scenario;
    }
    size_t index = 0;
    field["steps"].ForEach([&](const Field& step) {
      scenario.steps.push_back(DecodeStep(step, value.Find("steps")->items[index++]));
    });
    return scenario;
  }

  Step DecodeStep(const Field& field, const kube::Value& value) {
    Step step;
    step.name = field["name"].Text();
    step.restart = field["restart"].Bool(false);
    step.deletions = field["delete"].List(DecodeObjectKey);
    step.apply = Objects(value.Find("apply"));
    step.cases = field["cases"].List(DecodeCase);
    return step;
  }

  std::vector<kube::Object> Objects(const kube::Value* list) {
    kube::Decoded decoded;
    if (list != nullptr) {
      for (const kube::Value& item : list->items) kube::DecodeDocument(item, out_.file, decoded);
    }
    out_.refused_objects.insert(out_.refused_objects.end(), decoded.problems.begin(),
                                decoded.problems.end());
    std::vector<kube::Object> objects;
    for (kube::DecodedObject& object : decoded.objects) objects.push_back(std::move(object.object));
    return objects;
  }

  const kube::Value& document_;
  kube::Report report_;
  Field root_;
  CaseFile& out_;
};

}  // namespace

std::string SocketAddress::ToString() const {
  const bool ipv6 = address.family() == kube::IpFamily::kIPv6;
  return fmt::format(fmt::runtime(ipv6 ? "[{}]:{}" : "{}:{}"), address.ToString(), port);
}

std::string_view ToString(Expectation expectation) {
  for (const auto& [name, value] : kExpectations) {
    if (value == expectation) return name;
  }
  return "?";
}

absl::StatusOr<CaseFile> ParseCaseFile(std::string_view text, const std::string& file) {
  CaseFile out;
  out.file = file;
  kube::Report report;
  absl::Status status = kube::ParseYaml(text, [&](const kube::Value& document) {
    if (document.type == kube::ValueType::kNull) return;
    kube::Report found = FileDecoder(document, out).Decode();
    report.insert(report.end(), found.begin(), found.end());
  });
  if (!status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", file, std::string(status.message())));
  }
  if (!report.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: {}: {}", file, report[0].line, report[0].path, report[0].message));
  }
  if (out.kind.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}: holds no conformance cases", file));
  }
  return out;
}

}  // namespace pointsman::conformance
