// XRT at run time: the module that talks to it is loaded when a card is opened, so that everything
// else works where XRT is absent.
#ifndef POINTSMAN_DRIVER_XRT_LOADER_H_
#define POINTSMAN_DRIVER_XRT_LOADER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "driver/transport.h"

namespace pointsman {

struct XrtOptions {
  std::string device;       // BDF ("0000:3b:00.1") or index ("0")
  std::string xclbin_path;  // loaded into the device unless it holds it already
};

// The one function of the module libpointsman_xrt.so; its C name is kXrtModuleEntry.
// Errors: NotFound: no such device or no Pointsman kernel in the xclbin; InvalidArgument: XRT
// cannot read the xclbin; FailedPrecondition: it does not fit the device, or another process uses
// it.
using XrtModuleEntry = absl::StatusOr<std::unique_ptr<Transport>>(const XrtOptions&);
inline constexpr const char* kXrtModuleEntry = "PointsmanOpenXrtTransport";

// Loads the module (from the executable's folder, else from where it was built; it stays loaded)
// and calls it. Environment variables for XRT must be set before the first call. Errors:
// FailedPrecondition: no module, or XRT's libraries are missing; those of CheckXclbinFile and of
// the module.
absl::StatusOr<std::unique_ptr<Transport>> OpenXrtTransport(const XrtOptions& options);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_XRT_LOADER_H_
