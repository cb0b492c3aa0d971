// The card behind any transport, driven by its rings (docs/card.md, "Talking to the card").
//
// A fault of the rings (an impossible index or record, no answer within the deadline, an error the
// card reports) makes the card failed: that call and every later one returns the fault, until the
// card is opened anew. Not thread-safe.
#ifndef POINTSMAN_DRIVER_RING_CARD_H_
#define POINTSMAN_DRIVER_RING_CARD_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "driver/bring_up.h"
#include "driver/card.h"
#include "driver/command_ring.h"
#include "driver/event_ring.h"
#include "driver/inject_ring.h"
#include "driver/punt_ring.h"
#include "driver/punt_watch.h"
#include "driver/transport.h"

namespace pointsman {

struct RingCardOptions {
  RingSizes rings;
  std::chrono::milliseconds deadline{2000};  // of each wait, from the last time something moved
  // Of the placement hash's keys; none: new random ones. Set only where results must repeat: keys
  // that outsiders know let them fill buckets.
  std::optional<uint64_t> hash_key_seed;
  // A card that forwards (mode offload) goes on doing so: its tables, hash keys and registers stay
  // as they are, for the user to read. Any other card is brought up as always.
  bool adopt = false;
};

class RingCard : public Card {
 public:
  // Brings the card up: all tables empty, mode bypass, default settings; see also
  // RingCardOptions::adopt.
  // Errors: those of Identify, StartRings and WriteRows.
  static absl::StatusOr<std::unique_ptr<Card>> Open(std::unique_ptr<Transport> transport,
                                                    const RingCardOptions& options);

  // Stops the rings; the card's mode and tables stay.
  ~RingCard() override;

  const CardDescription& description() const override { return description_; }
  absl::Status Write(std::span<const RowWrite> rows) override;
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index, uint32_t count) override;
  absl::Status Configure(const CardSettings& settings) override;
  absl::Status Inject(std::span<const InjectedFrame> frames) override;
  absl::StatusOr<CardOutput> Poll() override;
  absl::StatusOr<CardHealth> Health() override;

 private:
  RingCard(std::unique_ptr<Transport> transport, const RingCardOptions& options,
           CardDescription description, CardRings rings);

  absl::Status FillTables(std::optional<uint64_t> hash_key_seed);
  absl::Status TakeOver();
  // Writes again the hash keys among the rows that `events` say have lost their content: nobody
  // else knows them.
  absl::Status MendHashKeys(std::span<const EventLine> events);
  absl::Status CheckFrames(std::span<const InjectedFrame> frames) const;
  absl::Status InjectAll(std::span<const InjectedFrame> frames);
  absl::Status AwaitRoom(uint32_t lines);
  // Takes what the card has for the host into output_.
  absl::Status Collect();
  absl::StatusOr<CardHealth> ReadHealth();
  // Notes a fault that ends the use of the card; hands `status` on.
  absl::Status Settle(absl::Status status);

  std::unique_ptr<Transport> transport_;
  const std::chrono::milliseconds deadline_;
  const CardDescription description_;
  StatusPage status_;
  CommandRing commands_;
  InjectRing inject_;
  PuntRing punts_;
  PuntWatch punt_watch_;
  EventRing events_;
  std::vector<RowWrite> hash_keys_;       // by row
  CardOutput output_;                     // collected, not yet handed out by Poll
  std::optional<CardSettings> settings_;  // as written last
  uint32_t heartbeat_ = 0;
  absl::Status fault_;  // why the card is failed
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_RING_CARD_H_
