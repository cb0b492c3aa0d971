// Runs a file of conformance cases of whatever kind.
#ifndef POINTSMAN_HOST_CONFORMANCE_RUN_CASE_FILE_H_
#define POINTSMAN_HOST_CONFORMANCE_RUN_CASE_FILE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/conformance/case_file.h"
#include "host/conformance/packet_runner.h"

namespace pointsman::conformance {

// Asks a datapath the cases of a file of kind packet. Other kinds need none, so it may open one.
using RunPackets = std::function<absl::StatusOr<std::vector<CaseResult>>(const CaseFile& file)>;

// Results in the order of the file. Errors: InvalidArgument naming file, line and field: what is
// wrong with the file, also a kind that is not known; and those of `run_packets`.
absl::StatusOr<std::vector<CaseResult>> RunCaseFile(std::string_view text, const std::string& file,
                                                    const RunPackets& run_packets);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_RUN_CASE_FILE_H_
