// Any bytes as a manifest: decoded, or refused with a problem; never a crash, a hang or an
// exception.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/kube/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = pointsman::kube::DecodeManifest(text, "fuzz.yaml");
  if (!decoded.refused.empty() && decoded.problems.empty()) std::abort();
  return 0;
}
