// A card as the host sees it: rows in, rows out, packets both ways. One implementation (RingCard)
// runs on every transport: XRT with a real card, XRT with the simulated one, a fake in tests.
//
// One owner, one thread: not thread-safe. Every call that waits has a deadline; DeadlineExceeded
// names what was waited for and its last value. Unavailable: the card does not answer (dead, all
// ones, heartbeat stands still).
#ifndef POINTSMAN_DRIVER_CARD_H_
#define POINTSMAN_DRIVER_CARD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card_description.h"
#include "flow_tables/plan.h"

namespace pointsman {

// A frame for the card. `line` says what to do with it; its length field is set from `frame`.
struct InjectedFrame {
  InjectLine line;
  std::span<const uint8_t> frame;
};

// A frame from the card.
struct PuntedFrame {
  PuntLine line;
  std::vector<uint8_t> frame;
};

// What the card reported since the last Poll, each list in the card's order.
struct CardOutput {
  std::vector<PuntedFrame> punts;
  std::vector<EventLine> events;
  uint32_t events_lost = 0;  // ever; if it moved, reread the connection tables
};

struct CardSettings {
  Mode mode = Mode::kBypass;
  bool capture = false;
  Configuration configuration;
};

struct CardHealth {
  uint32_t heartbeat = 0;            // moved since the last call, else Unavailable
  uint64_t cycles = 0;               // since reset
  uint32_t error_bits = 0;           // 1 << CardError
  std::vector<uint32_t> statistics;  // by Statistic, then from word 32 by Reason
};

class Card {
 public:
  virtual ~Card() = default;

  virtual const CardDescription& description() const = 0;

  // Applies rows in order; returns when all are in the tables and a read-back of them matched.
  // DataLoss: a row read back differently (names table and index); the rows before it are in place.
  virtual absl::Status Write(std::span<const RowWrite> rows) = 0;

  // Rows [index, index + count) of a table. OutOfRange beyond its end.
  virtual absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                                    uint32_t count) = 0;

  virtual absl::Status Configure(const CardSettings& settings) = 0;

  // Hands frames to the card, in order; waits for room. InvalidArgument: a frame shorter than 14 or
  // longer than frame-bytes-max.
  virtual absl::Status Inject(std::span<const InjectedFrame> frames) = 0;

  // Never waits; empty lists where nothing came.
  virtual absl::StatusOr<CardOutput> Poll() = 0;

  virtual absl::StatusOr<CardHealth> Health() = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_CARD_H_
