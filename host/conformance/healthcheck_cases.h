// The two shapes of conformance cases of kind healthcheck. Both put real servers
// (host/agent/health_server.h) on loopback addresses and ask them over HTTP; time is made up.
#ifndef POINTSMAN_HOST_CONFORMANCE_HEALTHCHECK_CASES_H_
#define POINTSMAN_HOST_CONFORMANCE_HEALTHCHECK_CASES_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/agent/health_server.h"
#include "host/conformance/case_document.h"
#include "host/conformance/judge.h"

namespace pointsman::conformance {

// The health check ports of Services, in steps.
std::function<void(std::vector<CaseResult>&)> DecodeHealthPortsCase(const CaseDocument& document,
                                                                    const kube::Field& field);
// The health of the proxy itself, on a timeline.
std::function<void(std::vector<CaseResult>&)> DecodeTimelineCase(const CaseDocument& document,
                                                                 const kube::Field& field);

// A clock that stands until it is moved. Thread-safe.
class StandingClock {
 public:
  absl::Time Now() const { return absl::FromUnixSeconds(seconds_); }
  void Advance(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_ = 1'700'000'000;
};

// A health server on 127.0.0.1 that goes by the clock, which must outlive it.
absl::StatusOr<std::unique_ptr<HealthServer>> OpenHealthServer(const StandingClock& clock,
                                                               absl::Duration stale_after);

struct HttpAnswerMet {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  nlohmann::json body;                                       // a text where it is no JSON
};

// GET of a path; nothing where nobody answers within two seconds.
std::optional<HttpAnswerMet> Get(const std::string& address, uint16_t port,
                                 const std::string& path);

// What every answer about health has.
void AddHeaderFacts(const HttpAnswerMet& answer, Facts& met);
void ExpectHeaders(Facts& expected);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_HEALTHCHECK_CASES_H_
