// Runs conformance cases of kind packet: for each one a handful of first packets, which between
// them must meet every endpoint the case names and no other. Needs no more than a datapath, so
// software, the simulated card and a real one are judged by the same code.
//
// Cases with one mark of affinity (`sticky`) must all meet one endpoint, within its timeout. Other
// cases of a Service with affinity are asked with so much time between that each packet may choose.
#ifndef POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_
#define POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
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

// Opens a datapath that knows nothing yet. What it opened before is closed by then.
using OpenDatapathFn = std::function<absl::StatusOr<std::unique_ptr<Datapath>>()>;

// Runs packet files one after another on one datapath, which is opened anew where a step says that
// the proxy restarts. Not thread-safe.
class PacketRunner {
 public:
  explicit PacketRunner(OpenDatapathFn open) : open_(std::move(open)) {}

  // One result for each case of the file, in order. Errors: those of opening and of Datapath; what
  // the objects do wrong is a case's failure.
  absl::StatusOr<std::vector<CaseResult>> Run(const CaseFile& file);

 private:
  absl::StatusOr<Datapath*> Open();

  OpenDatapathFn open_;
  std::unique_ptr<Datapath> datapath_;
};

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_PACKET_RUNNER_H_
