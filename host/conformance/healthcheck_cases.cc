#include "host/conformance/healthcheck_cases.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "host/conformance/kinds.h"

namespace pointsman::conformance {
namespace {

constexpr int kAnswerSeconds = 2;

using RunCaseFn = std::function<void(std::vector<CaseResult>&)>;

RunCaseFn DecodeCase(const CaseDocument& document, const kube::Field& field) {
  return field["timeline"].present() ? DecodeTimelineCase(document, field)
                                     : DecodeHealthPortsCase(document, field);
}

void RunCase(const CaseDocument&, const RunCaseFn& run, std::vector<CaseResult>& results) {
  run(results);
}

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HealthServer>> OpenHealthServer(const StandingClock& clock,
                                                               absl::Duration stale_after) {
  HealthServerOptions options;
  options.address = kube::IpAddress::Parse("127.0.0.1").value_or(kube::IpAddress());
  options.port = 0;
  options.stale_after = stale_after;
  options.now = [&clock] { return clock.Now(); };
  return HealthServer::Open(options);
}

std::optional<HttpAnswerMet> Get(const std::string& address, uint16_t port,
                                 const std::string& path) {
  httplib::Client client(address, port);
  client.set_connection_timeout(kAnswerSeconds);
  client.set_read_timeout(kAnswerSeconds);
  const httplib::Result result = client.Get(path);
  if (!result) return std::nullopt;
  HttpAnswerMet answer;
  answer.status = result->status;
  for (const auto& [name, value] : result->headers) {
    answer.headers.emplace_back(LowerCase(name), value);
  }
  answer.body = nlohmann::json::parse(result->body, nullptr, /*allow_exceptions=*/false);
  if (answer.body.is_discarded()) answer.body = result->body;
  return answer;
}

void AddHeaderFacts(const HttpAnswerMet& answer, Facts& met) {
  for (const auto& [name, value] : answer.headers) met["header " + name] = value;
}

void ExpectHeaders(Facts& expected) {
  expected["header content-type"] = "application/json";
  expected["header x-content-type-options"] = "nosniff";
}

absl::StatusOr<std::vector<CaseResult>> RunHealthcheckCases(const CaseDocument& document) {
  return RunEachCase(document, DecodeCase, RunCase);
}

}  // namespace pointsman::conformance
