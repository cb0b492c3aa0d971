// The steps from a card of unknown state to one with running rings (docs/card.md, "Bring-up").
#ifndef POINTSMAN_DRIVER_BRING_UP_H_
#define POINTSMAN_DRIVER_BRING_UP_H_

#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"
#include "driver/card_description.h"
#include "driver/line_ring.h"
#include "driver/status_page.h"
#include "driver/transport.h"

namespace pointsman {

// Lines of each ring as a power of two. Inject and punt rings hold the longest frame at least.
struct RingSizes {
  uint32_t command_lines_log2 = 10;  // 4..20, of the response ring too
  uint32_t inject_lines_log2 = 13;   // 8..20
  uint32_t punt_lines_log2 = 14;     // 8..20
  uint32_t event_lines_log2 = 12;    // 4..20
};

struct CardRings {
  StatusPage status;
  LineRing command;
  LineRing response;
  LineRing inject;
  LineRing punt;
  LineRing event;
};

// Whether this is a card that the driver knows, and what it is.
// Errors: Unavailable: registers read all ones or heartbeat stands still for the deadline;
// FailedPrecondition: no Pointsman card, or one with another layout; InvalidArgument: its
// description (ParseCardDescription).
absl::StatusOr<CardDescription> Identify(Transport& transport, std::chrono::milliseconds deadline);

// What becomes of packets while the rings are made anew.
enum class Traffic : uint8_t { kBypasses, kGoesOn };

// Puts the card in mode bypass, or leaves it in its mode, gives it zeroed rings and starts them.
// Errors: InvalidArgument naming the ring whose size is out of range; DataLoss: a register does not
// hold what was written; Internal: the card refuses; those of the transport.
absl::StatusOr<CardRings> StartRings(Transport& transport, const RingSizes& sizes,
                                     Traffic traffic = Traffic::kBypasses);

// Stops the rings: the card touches their memory no more once this returns OK.
absl::Status StopRings(Transport& transport);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_BRING_UP_H_
