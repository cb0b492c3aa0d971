// Runs conformance cases of kind packet: for each one a handful of first packets, which between
// them must meet every endpoint the case names and no other. Needs no more than a datapath, so
// software, the simulated card and a real one are judged by the same code.
#ifndef POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_
#define POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/conformance/case_file.h"
#include "host/datapath/datapath.h"

namespace pointsman::conformance {

enum class CaseStatus : uint8_t { kPassed, kFailed, kSkipped };

struct CaseResult {
  std::string file;
  int line = 0;
  std::string scenario;
  std::string name;
  CaseStatus status = CaseStatus::kPassed;
  std::string detail;  // of a failure: packet, expected and met; of a skip: the reason
};

// One result for each case of the file, in order. `datapath` is left with the last scenario's
// forwarding. Errors: those of Datapath; what the objects do wrong is a case's failure.
absl::StatusOr<std::vector<CaseResult>> RunPacketFile(const CaseFile& file, Datapath& datapath);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_
