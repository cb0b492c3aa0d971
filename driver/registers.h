// Register accesses by the names of hw/card.dtsi.
#ifndef POINTSMAN_DRIVER_REGISTERS_H_
#define POINTSMAN_DRIVER_REGISTERS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

// A read of a card that is gone gives this.
inline constexpr uint32_t kAllOnes = 0xffffffff;

// `word` counts 32-bit words from the register on, for those that are arrays.
absl::StatusOr<uint32_t> ReadRegister(Transport& transport, RegisterOffset at, uint32_t word = 0);

absl::Status WriteRegister(Transport& transport, RegisterOffset at, uint32_t value,
                           uint32_t word = 0);

struct RegisterWrite {
  const char* name;  // as in the card's description
  RegisterOffset at;
  uint32_t value;
  uint32_t word = 0;  // of an array
};

// Writes in order and reads each back before the next. DataLoss: one reads back differently; names
// register, word of an array, and values.
absl::Status WriteVerified(Transport& transport, std::span<const RegisterWrite> writes);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_REGISTERS_H_
