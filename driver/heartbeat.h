// Is the card alive? (register heartbeat of hw/card.dtsi)
#ifndef POINTSMAN_DRIVER_HEARTBEAT_H_
#define POINTSMAN_DRIVER_HEARTBEAT_H_

#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"
#include "driver/transport.h"

namespace pointsman {

// The register's value. Unavailable: it reads all ones, or its top byte is not 0xa5.
absl::StatusOr<uint32_t> ReadHeartbeat(Transport& transport);

// Waits until it differs from `last` and gives the new value. Unavailable: it does not within the
// deadline, or as above.
absl::StatusOr<uint32_t> AwaitHeartbeat(Transport& transport, uint32_t last,
                                        std::chrono::milliseconds deadline);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_HEARTBEAT_H_
