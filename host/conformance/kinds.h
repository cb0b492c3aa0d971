// The kinds of conformance cases that need no datapath: one function a kind, one file each. Each
// reads the whole document first, then judges its cases by the same functions that the agent works
// with.
//
// Each gives a result for every case, or for every step of a case that says what is expected.
// Errors: InvalidArgument naming file, line and field that is wrong.
#ifndef POINTSMAN_HOST_CONFORMANCE_KINDS_H_
#define POINTSMAN_HOST_CONFORMANCE_KINDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "host/conformance/case_document.h"
#include "host/conformance/packet_runner.h"

namespace pointsman::conformance {

absl::StatusOr<std::vector<CaseResult>> RunTopologyCases(const CaseDocument& document);
absl::StatusOr<std::vector<CaseResult>> RunServicesCases(const CaseDocument& document);
absl::StatusOr<std::vector<CaseResult>> RunEndpointsCases(const CaseDocument& document);
absl::StatusOr<std::vector<CaseResult>> RunConntrackCases(const CaseDocument& document);
absl::StatusOr<std::vector<CaseResult>> RunServiceCidrsCases(const CaseDocument& document);
// Opens sockets on addresses of 127.0.0.0/8.
absl::StatusOr<std::vector<CaseResult>> RunHealthcheckCases(const CaseDocument& document);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_KINDS_H_
