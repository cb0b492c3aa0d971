#include "host/cli/junit.h"

#include <fmt/format.h>

#include <algorithm>

namespace pointsman {
namespace {

std::string Escape(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < ' ' && c != '\n' ? '?' : c;
    }
  }
  return escaped;
}

}  // namespace

std::string JunitDocument(const std::vector<conformance::CaseResult>& results) {
  using conformance::CaseStatus;
  const auto count = [&](CaseStatus status) {
    return std::count_if(results.begin(), results.end(),
                         [&](const auto& r) { return r.status == status; });
  };
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"pointsman\" tests=\"{}\" "
      "failures=\"{}\" skipped=\"{}\">\n",
      results.size(), count(CaseStatus::kFailed), count(CaseStatus::kSkipped));
  for (const auto& r : results) {
    text += fmt::format("  <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\">",
                        Escape(r.scenario), Escape(r.name), Escape(r.file), r.line);
    if (r.status == CaseStatus::kFailed)
      text += fmt::format("<failure>{}</failure>", Escape(r.detail));
    if (r.status == CaseStatus::kSkipped)
      text += fmt::format("<skipped message=\"{}\"/>", Escape(r.detail));
    text += "</testcase>\n";
  }
  return text + "</testsuite>\n";
}

}  // namespace pointsman
