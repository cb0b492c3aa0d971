// What a card says of itself: the device tree blob in its ROM (hw/card.dtsi and a profile).
#ifndef POINTSMAN_DRIVER_CARD_DESCRIPTION_H_
#define POINTSMAN_DRIVER_CARD_DESCRIPTION_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "hw/card_layout.h"

namespace pointsman {

struct CardDescription {
  std::string profile;           // "sim", "alveo-u55c", ...
  CardSizes sizes;               // rows of each table
  uint32_t frame_bytes_max = 0;  // longest frame without FCS
  friend bool operator==(const CardDescription&, const CardDescription&) = default;
};

// Reads a blob (Devicetree Specification 0.4, chapter 5) of any bytes. Sizes are such that every
// field of a row that names another row reaches it.
// Errors: InvalidArgument naming node and property, what it holds and what is expected.
absl::StatusOr<CardDescription> ParseCardDescription(std::span<const uint8_t> blob);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_CARD_DESCRIPTION_H_
