// Where a card comes from, and comes from again after it has failed.
#ifndef POINTSMAN_HOST_CARDD_CARD_SOURCE_H_
#define POINTSMAN_HOST_CARDD_CARD_SOURCE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"

namespace pointsman::cardd {

// Not thread-safe. Neither call waits.
class CardSource {
 public:
  virtual ~CardSource() = default;

  // Begins to bring the card up. REQUIRES: the one taken before is gone.
  virtual absl::Status Begin() = 0;

  // The card, once it is up; nullptr: not yet. After an error: Begin again.
  virtual absl::StatusOr<std::unique_ptr<Card>> Take() = 0;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CARD_SOURCE_H_
