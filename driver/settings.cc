#include "driver/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {
absl::Status WriteSettings(Transport& transport, const CardSettings& settings) {
  using enum RegisterOffset;
  const Configuration& configuration = settings.configuration;
  const MasqueradePorts& ports = configuration.masquerade_ports;
  if ((ports.base & ports.mask) != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "masquerade ports: base {:#06x} and mask {:#06x} share bits", ports.base, ports.mask));
  }
  std::array<RegisterWrite, 6> order = {{
      {"slot-hash-seed", kSlotHashSeed, configuration.slot_hash_seed},
      {"masquerade-address", kMasqueradeAddress, configuration.masquerade_address.value},
      {"masquerade-port-base", kMasqueradePortBase, ports.base},
      {"masquerade-port-mask", kMasqueradePortMask, ports.mask},
      {"capture", kCapture, settings.capture ? 1u : 0u},
      {"mode", kMode, uint32_t(settings.mode)},
  }};
  if (settings.mode == Mode::kBypass) std::ranges::reverse(order);
  return WriteVerified(transport, order);
}

}  // namespace pointsman
