// The tables of an image as a card holds them.
#ifndef POINTSMAN_HOST_AGENT_READ_IMAGE_H_
#define POINTSMAN_HOST_AGENT_READ_IMAGE_H_

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"

namespace pointsman {

// Reads every row; configuration, names and range sets are not rows, and empty. Errors: those of
// Card::Read.
absl::StatusOr<Image> ReadImage(Card& card);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_READ_IMAGE_H_
