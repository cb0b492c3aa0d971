// From "which card" to a card that is brought up.
#ifndef POINTSMAN_DRIVER_OPEN_CARD_H_
#define POINTSMAN_DRIVER_OPEN_CARD_H_

#include <memory>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "driver/ring_card.h"

namespace pointsman {

// A simulated card: the folder that holds lib/libxrt_hwemu.so.2 and pointsman.xclbin.
struct SimulatedCardAddress {
  std::string folder;
};

// A card in this server, or one that XRT emulates by the environment's own settings.
struct HardwareCardAddress {
  std::string device;       // BDF ("0000:3b:00.1") or index ("0")
  std::string xclbin_path;  // loaded into the card unless it holds it already
};

using CardLocation = std::variant<SimulatedCardAddress, HardwareCardAddress>;

// Opens and brings up the card: tables empty, mode bypass. For a simulated card it sets the
// environment variables XILINX_XRT, XCL_EMULATION_MODE and, unless set, XRT_INI_PATH; XRT reads
// them once, so a process opens simulated cards or real ones, never both. Call it before other
// threads read the environment.
//
// Errors: NotFound: a file or device is missing; InvalidArgument: a device that is neither BDF nor
// index, a file that is no xclbin, ring sizes out of range, a wrong card description;
// FailedPrecondition: XRT or its module is missing, the card is in use, or it needs another version
// of this driver; Unavailable: the card does not answer; and those of RingCard::Open.
absl::StatusOr<std::unique_ptr<Card>> OpenCard(const CardLocation& location,
                                               const RingCardOptions& options = {});

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_OPEN_CARD_H_
