// Any bytes as a scenario of the virtual cluster: taken, or refused with a message that names the
// file; never a crash, a hang or an exception.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/cluster/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scenario = pointsman::cluster::ParseScenario(
      text, "fuzz.yaml", [](const std::string&) -> absl::StatusOr<std::string> {
        return absl::NotFoundError("no such file");
      });
  if (!scenario.ok() && scenario.status().message().find("fuzz.yaml") == std::string::npos) {
    std::abort();
  }
  return 0;
}
