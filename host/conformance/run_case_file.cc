#include "host/conformance/run_case_file.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "host/conformance/kinds.h"

namespace pointsman::conformance {
namespace {

using RunKind = absl::StatusOr<std::vector<CaseResult>> (*)(const CaseDocument&);

struct Kind {
  std::string_view name;
  RunKind run;
};

constexpr std::string_view kPacket = "packet";
constexpr std::array<Kind, 6> kKinds = {{{"topology", RunTopologyCases},
                                         {"services", RunServicesCases},
                                         {"endpoints", RunEndpointsCases},
                                         {"conntrack", RunConntrackCases},
                                         {"service-cidrs", RunServiceCidrsCases},
                                         {"healthcheck", RunHealthcheckCases}}};

absl::Status UnknownKind(const CaseDocument& document) {
  std::string known(kPacket);
  for (const Kind& kind : kKinds) known += fmt::format(", {}", kind.name);
  return absl::InvalidArgumentError(fmt::format("{}:{}: format: kind '{}' is none of {}",
                                                document.file(), document.root()["format"].line(),
                                                document.kind(), known));
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunCaseFile(std::string_view text, const std::string& file,
                                                    const RunPackets& run_packets) {
  const auto document = CaseDocument::Read(text, file);
  if (!document.ok()) return document.status();
  if ((*document)->kind() == kPacket) {
    const absl::StatusOr<CaseFile> packets = ParseCaseFile(text, file);
    if (!packets.ok()) return packets.status();
    return run_packets(*packets);
  }
  for (const Kind& kind : kKinds) {
    if ((*document)->kind() == kind.name) return kind.run(**document);
  }
  return UnknownKind(**document);
}

}  // namespace pointsman::conformance
