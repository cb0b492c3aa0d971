// Keeps a card's tables equal to what is wanted: newest forwarding in, the difference written. Not
// thread-safe.
#ifndef POINTSMAN_HOST_AGENT_RECONCILER_H_
#define POINTSMAN_HOST_AGENT_RECONCILER_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"

namespace pointsman {

class Reconciler {
 public:
  // Borrows the card, whose tables are zero.
  explicit Reconciler(Card& card);

  // Writes what differs and returns how many rows that were. The first call takes the card to
  // offload mode. Errors of BuildImage leave the card as it is; those of Card leave it part of the
  // way.
  absl::StatusOr<size_t> Program(const Forwarding& wanted);

  const Image& image() const { return image_; }

 private:
  Card& card_;
  Image image_;
  bool configured_ = false;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_RECONCILER_H_
