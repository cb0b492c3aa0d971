// Any bytes as a conformance file: read, or refused with a message; never a crash, a hang or an
// exception.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/conformance/case_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = pointsman::conformance::ParseCaseFile(text, "fuzz.yaml");
  if (!file.ok() && file.status().message().empty()) std::abort();
  return 0;
}
