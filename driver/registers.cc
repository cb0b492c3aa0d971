#include "driver/registers.h"

#include <fmt/format.h>

#include "driver/status_macros.h"

namespace pointsman {

absl::StatusOr<uint32_t> ReadRegister(Transport& transport, RegisterOffset at, uint32_t word) {
  return transport.ReadRegister(static_cast<uint32_t>(at) + 4 * word);
}

absl::Status WriteRegister(Transport& transport, RegisterOffset at, uint32_t value, uint32_t word) {
  return transport.WriteRegister(static_cast<uint32_t>(at) + 4 * word, value);
}

absl::Status WriteVerified(Transport& transport, std::span<const RegisterWrite> writes) {
  for (const RegisterWrite& write : writes) {
    POINTSMAN_RETURN_IF_ERROR(WriteRegister(transport, write.at, write.value, write.word));
    POINTSMAN_ASSIGN_OR_RETURN(const uint32_t got, ReadRegister(transport, write.at, write.word));
    if (got != write.value) {
      const std::string word = write.word == 0 ? "" : fmt::format("[{}]", write.word);
      return absl::DataLossError(
          fmt::format("register {}{} reads back differently: written {:#x}, read {:#x}", write.name,
                      word, write.value, got));
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman
