// Keeps a card's tables equal to what is wanted: newest forwarding in, the difference written. Not
// thread-safe.
#ifndef POINTSMAN_HOST_AGENT_RECONCILER_H_
#define POINTSMAN_HOST_AGENT_RECONCILER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/busyness.h"
#include "flow_tables/image_keeper.h"
#include "host/softpath/software_path.h"

namespace pointsman {

// Rows that the card has otherwise now.
using OnWritten = std::function<void(std::span<const RowWrite>)>;

class Reconciler {
 public:
  // Borrows the card, whose tables are zero unless Adopt follows. `tick_cycles`: see Agent. A
  // sixteenth of the card's connections over IPv4, a quarter of those over IPv6 at most, is what
  // one frontend may have unconfirmed. `on_written` is told of each plan once it is written.
  Reconciler(Card& card, uint32_t tick_cycles, OnWritten on_written = nullptr);

  // Takes over what the card's tables hold, also where a plan broke off: the next Program writes
  // the differences only. Session affinity is forgotten. FailedPrecondition, naming table and row:
  // that makes no sense, and the tables are zero now. Other errors: those of Card. Call it before
  // Program.
  absl::Status Adopt();

  // Writes what differs and returns how many rows that were. The first call takes the card to
  // offload mode. Errors of ImageKeeper leave the card as it is; those of Card leave it part of the
  // way: open it anew, and Adopt. Frontends that do not fit are misfits, no error.
  absl::StatusOr<size_t> Program(Forwarding wanted);

  // The same for a change of what was programmed, by work that goes with the change.
  // REQUIRES: in_step().
  absl::StatusOr<size_t> Update(ForwardingChange change);

  // What was asked for last is what the card has: neither has nothing been asked for yet, nor was
  // it refused.
  bool in_step() const { return in_step_; }

  // The misfit takes the resident's place. Errors: those of Card.
  absl::Status MakeWay(const Busyness::Exchange& exchange);

  // A row of endpoints for one connection of a misfit; see ImageKeeper::Lend. Errors: those, and
  // those of Card.
  absl::StatusOr<uint32_t> Lend(const WantedRow& wanted);

  // Tells a card that does not count the time by itself; the first time before the first Program,
  // so that no connection sees the time jump. Errors: those of Card.
  absl::Status SetTick(uint32_t tick);

  // Whether the host has connections of its own over TCP and UDP; at once where that is news, and
  // with every configuration from now on. Errors: those of Card.
  absl::Status SetHostConnections(bool tcp, bool udp);

  const Image& image() const { return keeper_->image(); }
  const ImageKeeper& keeper() const { return *keeper_; }

 private:
  absl::Status ForgetAffinity();
  absl::StatusOr<size_t> Follow(const absl::StatusOr<Plan>& plan);
  absl::Status Write(const Plan& plan);
  absl::Status Configure();

  Card& card_;
  const OnWritten on_written_;
  std::unique_ptr<ImageKeeper> keeper_;
  CardSettings settings_;
  bool host_has_tcp_ = false;
  bool host_has_udp_ = false;
  bool configured_ = false;
  bool in_step_ = false;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_RECONCILER_H_
