#include "driver/xrt_loader.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "driver/status_macros.h"
#include "driver/xclbin_file.h"

namespace pointsman {
namespace {

constexpr const char* kModuleName = "libpointsman_xrt.so";

// Where the module is. FailedPrecondition naming the places where it is not.
absl::StatusOr<std::filesystem::path> FindModule() {
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::filesystem::path built = POINTSMAN_XRT_MODULE_FOLDER;
  for (const std::filesystem::path& folder : {beside, built}) {
    if (std::filesystem::exists(folder / kModuleName, error)) return folder / kModuleName;
  }
  return absl::FailedPreconditionError(
      fmt::format("{} is neither in {} nor in {}: build Pointsman where XRT's headers are (Debian: "
                  "libxrt-dev), "
                  "or use the software path",
                  kModuleName, beside.string(), built.string()));
}

absl::StatusOr<XrtModuleEntry*> LoadModule() {
  POINTSMAN_ASSIGN_OR_RETURN(const std::filesystem::path path, FindModule());
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* entry = module == nullptr ? nullptr : dlsym(module, kXrtModuleEntry);
  if (entry == nullptr) {
    return absl::FailedPreconditionError(
        fmt::format("{}: {}; is XRT installed?", path.string(), dlerror()));
  }
  return reinterpret_cast<XrtModuleEntry*>(entry);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> OpenXrtTransport(const XrtOptions& options) {
  POINTSMAN_RETURN_IF_ERROR(CheckXclbinFile(options.xclbin_path));
  POINTSMAN_ASSIGN_OR_RETURN(XrtModuleEntry * open, LoadModule());
  return open(options);
}

}  // namespace pointsman
