// Any bytes as a kubeconfig: taken, or refused with a message that names the file; never a crash, a
// hang or an exception.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/apiserver/kubeconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = pointsman::kube::ParseKubeconfig(text, "dir/fuzz", "");
  if (config.ok()) {
    if (config->server.empty()) std::abort();
  } else if (config.status().message().find("dir/fuzz") == std::string::npos) {
    std::abort();
  }
  return 0;
}
