// A card as the host sees it: rows in, rows out, packets both ways. One implementation (RingCard)
// runs on every transport: XRT with a real card, XRT with the simulated one, a fake in tests.
//
// One owner, one thread: not thread-safe. Every call that waits has a deadline.
//
// Errors of every call: DeadlineExceeded names what was waited for and its last value; Unavailable:
// the card does not answer (dead, all ones, heartbeat stands still); Internal: what it wrote is
// impossible (names ring, line and field), or it reports an error. After these the card is failed:
// every later call returns the same error, and it must be opened anew. After other errors it goes
// on.
#ifndef POINTSMAN_DRIVER_CARD_H_
#define POINTSMAN_DRIVER_CARD_H_

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card_description.h"
#include "flow_tables/connection.h"
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
  std::vector<EventLine> events;  // of IPv4 connections, and of rows of any table (parity)
  std::vector<EventIpv6Line> events_ipv6;
  uint32_t events_lost = 0;  // ever; if it moved, reread the connection tables
  // Of a card that was away and has no room for these any more: the host is to carry them. The card
  // hands over already what none of its own takes (host-protocols); the next Configure has to say
  // so, too.
  std::vector<std::variant<Connection, ConnectionIpv6>> without_room;
};

struct CardSettings {
  Mode mode = Mode::kBypass;
  bool capture = false;
  Configuration configuration;
  // The card's time (flow_tables/connection_life.h): it counts by itself in steps of so many clock
  // cycles; 0: it stands, and moves only when a later Configure names another tick.
  uint32_t tick_cycles = 0;
  uint32_t tick = 0;
};

struct CardHealth {
  uint32_t heartbeat = 0;            // moved since the last call, else Unavailable
  uint64_t cycles = 0;               // since reset
  uint32_t error_bits = 0;           // 1 << CardError
  uint32_t sweeps = 0;               // passes over the connections that are done; they follow ticks
  std::vector<uint32_t> statistics;  // by Statistic, then from word 32 by Reason
};

class Card {
 public:
  virtual ~Card() = default;

  virtual const CardDescription& description() const = 0;

  // Applies rows in order; returns when all are in the tables and what is read back is what was
  // written last. Rows that packets change too (connections, counters) are not compared.
  // InvalidArgument or OutOfRange: no such table or row, nothing was written. DataLoss: a row reads
  // back differently (names table, index and both values); everything was written.
  virtual absl::Status Write(std::span<const RowWrite> rows) = 0;

  // Rows [index, index + count) of a table. InvalidArgument or OutOfRange as for Write.
  virtual absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                                    uint32_t count) = 0;

  // Writes mode and configuration (only the tick where only that is new): the mode first into
  // bypass, else last. InvalidArgument: masquerade ports that overlap. DataLoss: a register reads
  // back differently.
  virtual absl::Status Configure(const CardSettings& settings) = 0;

  // Hands frames to the card, in order; waits for room and meanwhile keeps what the card punts for
  // the next Poll. InvalidArgument, and no frame is handed over: one is shorter than 14 bytes or
  // longer than frame-bytes-max, its attempt is over 15, or it is directed to no row.
  virtual absl::Status Inject(std::span<const InjectedFrame> frames) = 0;

  // Never waits; empty lists where nothing came.
  virtual absl::StatusOr<CardOutput> Poll() = 0;

  // Reads registers: about 10 ms with a real card. Called again and again, it also notices a punt
  // ring that stands still: Unavailable, as for a heartbeat.
  virtual absl::StatusOr<CardHealth> Health() = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_CARD_H_
