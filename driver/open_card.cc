#include "driver/open_card.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <regex>
#include <system_error>

#include "driver/status_macros.h"
#include "driver/xrt_loader.h"

namespace pointsman {
namespace {

absl::StatusOr<XrtOptions> Prepare(const HardwareCardAddress& address) {
  static const std::regex kDevice(
      "[0-9]{1,4}|([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]");
  if (!std::regex_match(address.device, kDevice)) {
    return absl::InvalidArgumentError(
        fmt::format("card \"{}\": expected a BDF like 0000:3b:00.1 or an index", address.device));
  }
  return XrtOptions{.device = address.device, .xclbin_path = address.xclbin_path};
}

// Points XRT at the library in which the simulated card lives, its device 0.
absl::StatusOr<XrtOptions> Prepare(const SimulatedCardAddress& address) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(address.folder, error);
  const std::filesystem::path library = folder / "lib" / "libxrt_hwemu.so.2";
  if (!std::filesystem::exists(library, error)) {
    return absl::NotFoundError(
        fmt::format("{}: no simulated card here; build it with Verilator and XRT (Debian: "
                    "verilator, libxrt-dev)",
                    library.string()));
  }
  constexpr int kOverwrite = 1;
  constexpr int kKeep = 0;
  setenv("XILINX_XRT", folder.c_str(), kOverwrite);
  setenv("XCL_EMULATION_MODE", "hw_emu", kOverwrite);
  // Keeps XRT from taking an xrt.ini of whatever folder the process runs in.
  setenv("XRT_INI_PATH", "/dev/null", kKeep);
  return XrtOptions{.device = "0", .xclbin_path = (folder / "pointsman.xclbin").string()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Card>> OpenCard(const CardLocation& location,
                                               const RingCardOptions& options) {
  POINTSMAN_ASSIGN_OR_RETURN(const XrtOptions xrt,
                             std::visit([](const auto& kind) { return Prepare(kind); }, location));
  POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, OpenXrtTransport(xrt));
  return RingCard::Open(std::move(transport), options);
}

}  // namespace pointsman
