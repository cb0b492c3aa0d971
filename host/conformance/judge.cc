#include "host/conformance/judge.h"

#include <fmt/format.h>

namespace pointsman::conformance {

void Judge(const Facts& expected, const Facts& met, CaseResult& result) {
  if (result.status == CaseStatus::kSkipped) return;
  for (const auto& [name, value] : expected) {
    const auto found = met.find(name);
    if (found != met.end() && found->second == value) continue;
    result.status = CaseStatus::kFailed;
    const std::string there = found == met.end() ? "nothing" : found->second.dump();
    if (!result.detail.empty()) result.detail += "\n    ";
    result.detail += fmt::format("{}: expected {}, met {}", name, value.dump(), there);
  }
}

}  // namespace pointsman::conformance
