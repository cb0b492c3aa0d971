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
  // Borrows the card, whose tables are zero. `tick_cycles`: see Agent. A sixteenth of the card's
  // connections over IPv4, a quarter of those over IPv6 at most, is what one frontend may have
  // unconfirmed.
  Reconciler(Card& card, uint32_t tick_cycles);

  // Writes what differs and returns how many rows that were. The first call takes the card to
  // offload mode. Errors of BuildImage leave the card as it is; those of Card leave it part of the
  // way.
  absl::StatusOr<size_t> Program(Forwarding wanted);

  // Tells a card that does not count the time by itself; the first time before the first Program,
  // so that no connection sees the time jump. Errors: those of Card.
  absl::Status SetTick(uint32_t tick);

  const Image& image() const { return image_; }

 private:
  Card& card_;
  Image image_;
  CardSettings settings_;
  bool configured_ = false;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_RECONCILER_H_
