#include <algorithm>

#include "host/conformance/judge.h"
#include "host/conformance/kinds.h"
#include "host/services/forwarding_builder.h"
#include "host/services/table_values.h"

namespace pointsman::conformance {
namespace {

using kube::Field;

struct CidrsStep {
  CaseHead head;
  std::vector<kube::IpPrefix> service_cidrs;
  std::vector<kube::IpPrefix> expected;
};

struct CidrsCase {
  kube::IpFamily family = kube::IpFamily::kIPv4;
  std::vector<CidrsStep> steps;
};

std::vector<kube::IpPrefix> Prefixes(const Field& list) {
  return list.ListOf([](const Field& item) { return item.Prefix(); });
}

CidrsCase DecodeCidrsCase(const CaseDocument& document, const Field& field) {
  CidrsCase result;
  result.family = DecodeFamily(field["family"]);
  document.ForEachStep(field, [&](const CaseStep& step, const Field& step_field) {
    if (!step_field["expect"].present()) return;
    result.steps.push_back(
        {step.head, Prefixes(step_field["service_cidrs"]), Prefixes(step_field["expect"])});
  });
  return result;
}

nlohmann::json Texts(const std::vector<kube::IpPrefix>& prefixes) {
  std::vector<std::string> texts;
  for (const kube::IpPrefix& prefix : prefixes) texts.push_back(prefix.ToString());
  return Sorted(texts);
}

// Those of the ranges that a node of this one family guards.
std::vector<kube::IpPrefix> Guarded(const std::vector<kube::IpPrefix>& service_cidrs,
                                    kube::IpFamily family) {
  NodeFacts facts;
  facts.name = "node";
  const char* address = family == kube::IpFamily::kIPv4 ? "192.168.0.2" : "2001:db8::1";
  facts.primary_addresses = {kube::IpAddress::Parse(address).value_or(kube::IpAddress())};
  facts.service_cidrs = service_cidrs;
  const auto ranges = BuildForwarding({}, facts).forwarding.service_ranges;
  std::vector<kube::IpPrefix> guarded;
  for (const kube::IpPrefix& cidr : service_cidrs) {
    if (std::ranges::find(ranges, TablePrefix(cidr)) != ranges.end()) guarded.push_back(cidr);
  }
  return guarded;
}

void RunCase(const CaseDocument& document, const CidrsCase& asked,
             std::vector<CaseResult>& results) {
  for (const CidrsStep& step : asked.steps) {
    const nlohmann::json met = Texts(Guarded(step.service_cidrs, asked.family));
    results.push_back(document.ResultOf(step.head));
    Judge({{"service ranges", Texts(step.expected)}}, {{"service ranges", met}}, results.back());
  }
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunServiceCidrsCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeCidrsCase, RunCase);
}

}  // namespace pointsman::conformance
