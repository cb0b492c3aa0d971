#include "driver/bring_up.h"

#include <fmt/format.h>

#include <vector>

#include "driver/heartbeat.h"
#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {
namespace {

// docs/card.md, "Bring-up": check magic and layout-hash.
absl::Status CheckIdentity(Transport& transport) {
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t magic, ReadRegister(transport, RegisterOffset::kMagic));
  if (magic == kAllOnes) {
    return absl::UnavailableError("register magic reads all ones: no card answers");
  }
  if (magic != kMagicValue) {
    return absl::FailedPreconditionError(
        fmt::format("register magic is {:#010x}, expected {:#010x}: this is no Pointsman card; "
                    "load a Pointsman xclbin",
                    magic, kMagicValue));
  }
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t hash,
                             ReadRegister(transport, RegisterOffset::kLayoutHash));
  if (hash == kLayoutHash) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("register layout-hash is {:#010x}, this driver is built for {:#010x}: use a "
                  "driver and an xclbin of the same version",
                  hash, kLayoutHash));
}

// docs/card.md, "Bring-up": check that heartbeat moves.
absl::Status CheckHeartbeat(Transport& transport, std::chrono::milliseconds deadline) {
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t first, ReadHeartbeat(transport));
  return AwaitHeartbeat(transport, first, deadline).status();
}

// docs/card.md, "Bring-up": read the blob from rom.
absl::StatusOr<std::vector<uint8_t>> ReadRom(Transport& transport) {
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t size,
                             ReadRegister(transport, RegisterOffset::kDescriptionBytes));
  constexpr uint32_t kRomBytes = kRomWords * 4;
  if (size == 0 || size > kRomBytes) {
    return absl::InvalidArgumentError(fmt::format(
        "register description-bytes is {}, expected 1..{}: the card's ROM", size, kRomBytes));
  }
  std::vector<uint8_t> blob;
  for (uint32_t word = 0; blob.size() < size; ++word) {
    POINTSMAN_ASSIGN_OR_RETURN(const uint32_t value,
                               ReadRegister(transport, RegisterOffset::kRom, word));
    for (int shift = 0; shift < 32; shift += 8) blob.push_back(uint8_t(value >> shift));
  }
  blob.resize(size);
  return blob;
}

absl::Status CheckRingSize(const char* ring, uint32_t lines_log2, uint32_t least) {
  constexpr uint32_t kMost = 20;
  if (lines_log2 >= least && lines_log2 <= kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} ring: lines-log2 is {}, expected {}..{}", ring, lines_log2, least, kMost));
}

absl::Status CheckRingSizes(const RingSizes& sizes) {
  POINTSMAN_RETURN_IF_ERROR(CheckRingSize("command", sizes.command_lines_log2, 4));
  POINTSMAN_RETURN_IF_ERROR(CheckRingSize("inject", sizes.inject_lines_log2, 8));
  POINTSMAN_RETURN_IF_ERROR(CheckRingSize("punt", sizes.punt_lines_log2, 8));
  return CheckRingSize("event", sizes.event_lines_log2, 4);
}

// docs/card.md, "Bring-up": zero the rings' memory.
absl::StatusOr<CardRings> AllocateRings(Transport& transport, const RingSizes& sizes) {
  POINTSMAN_ASSIGN_OR_RETURN(StatusPage status, StatusPage::Create(transport));
  POINTSMAN_ASSIGN_OR_RETURN(LineRing command,
                             LineRing::Create(transport, sizes.command_lines_log2));
  POINTSMAN_ASSIGN_OR_RETURN(LineRing response,
                             LineRing::Create(transport, sizes.command_lines_log2));
  POINTSMAN_ASSIGN_OR_RETURN(LineRing inject, LineRing::Create(transport, sizes.inject_lines_log2));
  POINTSMAN_ASSIGN_OR_RETURN(LineRing punt, LineRing::Create(transport, sizes.punt_lines_log2));
  POINTSMAN_ASSIGN_OR_RETURN(LineRing event, LineRing::Create(transport, sizes.event_lines_log2));
  return CardRings{std::move(status), std::move(command), std::move(response),
                   std::move(inject), std::move(punt),    std::move(event)};
}

// docs/card.md, "Bring-up": set ring addresses and sizes.
absl::Status SetAddresses(Transport& transport, const CardRings& rings, const RingSizes& sizes) {
  using enum RegisterOffset;
  const auto low = [](const auto& ring) { return uint32_t(ring.device_address()); };
  const auto high = [](const auto& ring) { return uint32_t(ring.device_address() >> 32); };
  const RegisterWrite writes[] = {
      {"status-address-low", kStatusAddressLow, low(rings.status)},
      {"status-address-high", kStatusAddressHigh, high(rings.status)},
      {"command-address-low", kCommandAddressLow, low(rings.command)},
      {"command-address-high", kCommandAddressHigh, high(rings.command)},
      {"command-lines-log2", kCommandLinesLog2, sizes.command_lines_log2},
      {"response-address-low", kResponseAddressLow, low(rings.response)},
      {"response-address-high", kResponseAddressHigh, high(rings.response)},
      {"inject-address-low", kInjectAddressLow, low(rings.inject)},
      {"inject-address-high", kInjectAddressHigh, high(rings.inject)},
      {"inject-lines-log2", kInjectLinesLog2, sizes.inject_lines_log2},
      {"punt-address-low", kPuntAddressLow, low(rings.punt)},
      {"punt-address-high", kPuntAddressHigh, high(rings.punt)},
      {"punt-lines-log2", kPuntLinesLog2, sizes.punt_lines_log2},
      {"event-address-low", kEventAddressLow, low(rings.event)},
      {"event-address-high", kEventAddressHigh, high(rings.event)},
      {"event-lines-log2", kEventLinesLog2, sizes.event_lines_log2},
  };
  return WriteVerified(transport, writes);
}

// A card that another process left: first its packets, then its rings.
absl::Status Quiet(Transport& transport) {
  const RegisterWrite writes[] = {
      {"mode", RegisterOffset::kMode, uint32_t(Mode::kBypass)},
      {"capture", RegisterOffset::kCapture, 0},
      {"ring-enable", RegisterOffset::kRingEnable, 0},
  };
  return WriteVerified(transport, writes);
}

// docs/card.md, "Bring-up": ring-enable = 1.
absl::Status Enable(Transport& transport) {
  const RegisterWrite enable[] = {{"ring-enable", RegisterOffset::kRingEnable, 1}};
  POINTSMAN_RETURN_IF_ERROR(WriteVerified(transport, enable));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t error, ReadRegister(transport, RegisterOffset::kError));
  return CheckErrorBits("register error after the rings' start", error);
}

}  // namespace

absl::StatusOr<CardDescription> Identify(Transport& transport, std::chrono::milliseconds deadline) {
  POINTSMAN_RETURN_IF_ERROR(CheckIdentity(transport));
  POINTSMAN_RETURN_IF_ERROR(CheckHeartbeat(transport, deadline));
  POINTSMAN_ASSIGN_OR_RETURN(const std::vector<uint8_t> blob, ReadRom(transport));
  return ParseCardDescription(blob);
}

absl::Status StopRings(Transport& transport) {
  POINTSMAN_RETURN_IF_ERROR(WriteRegister(transport, RegisterOffset::kRingEnable, 0));
  // A read comes back only after the write, and after what the card wrote before it.
  return ReadRegister(transport, RegisterOffset::kRingEnable).status();
}

absl::StatusOr<CardRings> StartRings(Transport& transport, const RingSizes& sizes,
                                     Traffic traffic) {
  POINTSMAN_RETURN_IF_ERROR(CheckRingSizes(sizes));
  POINTSMAN_RETURN_IF_ERROR(traffic == Traffic::kBypasses ? Quiet(transport)
                                                          : StopRings(transport));
  POINTSMAN_ASSIGN_OR_RETURN(CardRings rings, AllocateRings(transport, sizes));
  POINTSMAN_RETURN_IF_ERROR(SetAddresses(transport, rings, sizes));
  if (absl::Status enabled = Enable(transport); !enabled.ok()) {
    StopRings(transport).IgnoreError();  // before their memory goes
    return enabled;
  }
  return rings;
}

}  // namespace pointsman
