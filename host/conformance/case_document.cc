#include "host/conformance/case_document.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "host/kube/decode.h"
#include "host/kube/yaml_text.h"

namespace pointsman::conformance {
namespace {

using kube::Field;

constexpr std::string_view kFormatPrefix = "service-proxy-conformance/";
constexpr std::string_view kFormatSuffix = "/v1";

constexpr std::array<std::pair<std::string_view, kube::Kind>, 5> kKinds = {
    {{"Service", kube::Kind::kService},
     {"EndpointSlice", kube::Kind::kEndpointSlice},
     {"Endpoints", kube::Kind::kEndpoints},
     {"Node", kube::Kind::kNode},
     {"Pod", kube::Kind::kPod}}};

std::vector<std::string> GatesOff(const Field& gates) {
  std::vector<std::string> off;
  if (!gates.present()) return off;
  for (const auto& [name, value] : gates.value()->members) {
    if (!gates[name].Bool(true)) off.push_back(name);
  }
  return off;
}

}  // namespace

std::optional<SocketAddress> DecodeSocketAddress(const Field& field) {
  std::string text = field.Text();
  const size_t colon = text.rfind(':');
  unsigned port = 0;
  if (colon != std::string::npos) {
    if (!absl::SimpleAtoi(text.substr(colon + 1), &port)) port = 0;
    text.resize(colon);
  }
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  auto address = kube::IpAddress::Parse(bracketed ? text.substr(1, text.size() - 2) : text);
  const bool is_right = address.ok() && bracketed == (address->family() == kube::IpFamily::kIPv6);
  if (!is_right || port == 0 || port > 65535) {
    field.Fail("address:port is expected, with an IPv6 address in brackets");
    return std::nullopt;
  }
  return SocketAddress{*address, static_cast<uint16_t>(port)};
}

kube::ObjectKey DecodeObjectKey(const Field& field) {
  kube::ObjectKey key;
  key.kind = field["kind"].Enum<kube::Kind>(kKinds, kube::Kind::kService);
  key.ns = field["namespace"].Text();
  key.name = field["name"].Text();
  if (key.name.empty()) field["name"].Fail("missing");
  return key;
}

kube::IpFamily DecodeFamily(const Field& field) {
  static constexpr std::array<std::pair<std::string_view, kube::IpFamily>, 2> kNames = {
      {{"IPv4", kube::IpFamily::kIPv4}, {"IPv6", kube::IpFamily::kIPv6}}};
  return field.Enum<kube::IpFamily>(kNames, kube::IpFamily::kIPv4);
}

std::string NameOf(const kube::ObjectKey& service) {
  return fmt::format("{}/{}", service.ns, service.name);
}

void Play(const ObjectChange& change, kube::ObjectSet& objects) {
  const auto apply = [&] {
    for (const kube::Object& object : change.apply) objects.Apply(object);
  };
  if (change.apply_first) apply();
  for (const kube::ObjectKey& key : change.deletions) objects.Delete(key);
  if (!change.apply_first) apply();
}

absl::StatusOr<std::unique_ptr<CaseDocument>> CaseDocument::Read(std::string_view text,
                                                                 const std::string& file) {
  std::unique_ptr<CaseDocument> document(new CaseDocument(file));
  if (absl::Status status = document->Parse(text); !status.ok()) return status;
  return document;
}

absl::Status CaseDocument::Parse(std::string_view text) {
  int documents = 0;
  const absl::Status parsed = kube::ParseYaml(text, [&](kube::Value document) {
    if (document.type == kube::ValueType::kNull) return;
    documents += 1;
    value_ = std::make_unique<const kube::Value>(std::move(document));
  });
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", file_, std::string(parsed.message())));
  }
  if (documents != 1) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: holds {} documents where one of conformance cases is expected", file_, documents));
  }
  root_.emplace(*value_, report_);
  const std::string format = root()["format"].Text();
  if (!format.starts_with(kFormatPrefix) || !format.ends_with(kFormatSuffix) ||
      format.size() <= kFormatPrefix.size() + kFormatSuffix.size()) {
    root()["format"].Fail(
        fmt::format("'{}' is not {}KIND{}", format, kFormatPrefix, kFormatSuffix));
    return status();
  }
  kind_ = format.substr(kFormatPrefix.size(),
                        format.size() - kFormatPrefix.size() - kFormatSuffix.size());
  return absl::OkStatus();
}

CaseHead CaseDocument::Head(const Field& case_field) const {
  CaseHead head;
  head.name = case_field["name"].Text();
  head.line = case_field.line();
  head.gates_off = GatesOff(case_field["gates"]);
  if (head.name.empty()) case_field["name"].Fail("missing");
  return head;
}

void CaseDocument::ForEachStep(const Field& case_field,
                               const std::function<void(CaseStep, const Field&)>& visit) const {
  const CaseHead head = Head(case_field);
  ObjectChange initial;
  initial.apply = Objects(case_field["objects"]);
  if (!case_field["steps"].present()) {
    visit({head, std::move(initial)}, case_field);
    return;
  }
  int number = 0;
  case_field["steps"].ForEach([&](const Field& field) {
    number += 1;
    CaseStep step{head, std::exchange(initial, {})};
    const std::string name = field["name"].Text();
    step.head.name += " / " + (name.empty() ? fmt::format("step {}", number) : name);
    step.head.line = field.line();
    for (kube::Object& object : Objects(field["apply"])) {
      step.change.apply.push_back(std::move(object));
    }
    step.change.deletions = field["delete"].List(DecodeObjectKey);
    step.change.apply_first = field["order"].Text() == "apply, delete";
    visit(std::move(step), field);
  });
}

std::vector<kube::Object> CaseDocument::Objects(const Field& list) const {
  kube::Decoded decoded;
  list.ForEach([&](const Field& item) { kube::DecodeDocument(*item.value(), file_, decoded); });
  std::vector<kube::Object> objects;
  for (kube::DecodedObject& object : decoded.objects) objects.push_back(std::move(object.object));
  return objects;
}

absl::Status CaseDocument::status() const {
  if (report_.empty()) return absl::OkStatus();
  const kube::FieldError& first = report_.front();
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: {}: {}", file_, first.line, first.path, first.message));
}

CaseResult CaseDocument::ResultOf(const CaseHead& head) const {
  CaseResult result;
  result.file = file_;
  result.line = head.line;
  result.scenario = kind_;
  result.name = head.name;
  if (!head.gates_off.empty()) {
    result.status = CaseStatus::kSkipped;
    result.detail =
        fmt::format("holds with feature gate {} off, which has no switch here", head.gates_off[0]);
  }
  return result;
}

}  // namespace pointsman::conformance
