// The card's mode and configuration registers.
#ifndef POINTSMAN_DRIVER_SETTINGS_H_
#define POINTSMAN_DRIVER_SETTINGS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "driver/transport.h"

namespace pointsman {

// Writes the registers and reads each back. No packet meets half of them in mode offload when the
// card comes from bypass or goes there: into bypass the mode is written first, else last. `before`:
// what was written last, or null; where only the tick is new, only the tick is written, and service
// ranges and a tunnel that stay are not written again.
// Errors: InvalidArgument: masquerade ports whose base and mask share bits; DataLoss naming the
// register that reads back differently; those of the transport.
absl::Status WriteSettings(Transport& transport, const CardSettings& settings,
                           const CardSettings* before);

// What the registers of the service ranges and of the tunnel hold; the rest of the settings is
// default. Errors: those of the transport.
absl::StatusOr<CardSettings> ReadRangesAndTunnel(Transport& transport);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_SETTINGS_H_
