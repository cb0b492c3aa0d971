// A card of ports that can stand by for another one: it keeps what it is told of tables and
// connections, and takes no packet from its ports until it is its turn.
#ifndef POINTSMAN_HOST_PORTS_STANDBY_CARD_H_
#define POINTSMAN_HOST_PORTS_STANDBY_CARD_H_

#include <cstdint>
#include <span>
#include <variant>

#include "absl/status/status.h"
#include "driver/card.h"
#include "flow_tables/connection.h"

namespace pointsman {

// A connection as another card has it.
struct ConnectionChange {
  enum class Kind : uint8_t { kPut, kForget } kind = Kind::kPut;
  std::variant<Connection, ConnectionIpv6> connection;  // to be forgotten: its original
};

// Not thread-safe, like Card.
class StandbyCard : public Card {
 public:
  // Whether it stands by: frames that come to its ports are thrown away, and connections do not
  // age. Into standing by: returns when no core handles a frame any more; what they have told is
  // there for Poll. Out of it: at once; the connections' time goes on from now.
  // DeadlineExceeded: a core does not look.
  virtual absl::Status StandBy(bool stand_by) = 0;

  // Makes connections known or forgotten, in order, without an event. One that is known is
  // replaced; one that finds no room is not put. DeadlineExceeded: as above.
  virtual absl::Status Follow(std::span<const ConnectionChange> changes) = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_STANDBY_CARD_H_
