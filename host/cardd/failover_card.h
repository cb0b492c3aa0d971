// A card that may fail: whoever uses it never sees that. With the same tables and connections the
// node's packets are carried meanwhile
// - by software, where the card lies (DataLoss) and its rings work: it becomes a mere port (mode
//   punt). It is loaded again where it is, until what it holds is what was written.
// - else by ports that stand by, where the node has such, and the card is brought up anew.
// - else by nobody, and what the user wants is kept for the card.
// When the card is loaded, with the connections that there are then, it carries on.
//
// A switch looks like lost events: which connection is in which row is to be read anew
// (CardOutput::events_lost). What the user writes to rows of connections before it has been told
// goes to the connections it means.
//
// Not thread-safe. Poll drives it, and has to be called all the time.
#ifndef POINTSMAN_HOST_CARDD_FAILOVER_CARD_H_
#define POINTSMAN_HOST_CARDD_FAILOVER_CARD_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"
#include "host/cardd/card_loader.h"
#include "host/cardd/card_source.h"
#include "host/cardd/card_state.h"
#include "host/cardd/connection_mirror.h"
#include "host/cardd/punt_forwarder.h"
#include "host/ports/standby_card.h"

namespace pointsman::cardd {

struct FailoverOptions {
  // Cards of the source may hold what they held before (RingCardOptions::adopt).
  bool may_hold = false;
  std::chrono::milliseconds first_pause{0};  // before a card that failed is begun again
  std::chrono::milliseconds longest_pause{10'000};
};

// The first card of a source. Waits for it; errors: why there is none.
absl::StatusOr<std::unique_ptr<Card>> AwaitCard(CardSource& source);

class FailoverCard : public Card {
 public:
  // `card` is the source's first one; `ports` may be null, else they stand by and have tables of
  // the card's sizes. Where the card may hold something already, call Adopt before all else.
  FailoverCard(std::unique_ptr<CardSource> source, std::unique_ptr<Card> card,
               std::unique_ptr<StandbyCard> ports, const FailoverOptions& options);

  // A card that is a mere port goes on as a wire.
  ~FailoverCard() override;

  // Takes in what the card holds. Errors: those of Card.
  absl::Status Adopt();

  const CardStatus& status() const { return status_; }

  // Errors of all: InvalidArgument and OutOfRange, as of Card; those of the ports; of the card
  // none.
  const CardDescription& description() const override { return description_; }
  absl::Status Write(std::span<const RowWrite> rows) override;
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index, uint32_t count) override;
  absl::Status Configure(const CardSettings& settings) override;
  absl::Status Inject(std::span<const InjectedFrame> frames) override;
  absl::StatusOr<CardOutput> Poll() override;
  absl::StatusOr<CardHealth> Health() override;

 private:
  using Clock = std::chrono::steady_clock;

  // As the agent counts it.
  static uint32_t TickNow();
  // Adds what `rows` counted to `sums`.
  static void AddCounters(const std::vector<RowBits>& rows, std::vector<RowBits>& sums);

  bool card_carries() const { return status_.state == CardState::kReady; }

  // Who carries while the card does not; nullptr: nobody.
  Card* Substitute() const { return punts_ ? static_cast<Card*>(punts_.get()) : ports_.get(); }

  // The card is not to carry any more; somebody else takes over.
  absl::Status Fail(const absl::Status& why);
  void NoteFailure(const absl::Status& why);
  void PauseBeforeNext();
  absl::Status StartPorts();
  void ChangeCarrier();
  // Software that is to go on with what the card has had. REQUIRES: settings_.
  absl::StatusOr<std::unique_ptr<PuntForwarder>> MakeForwarder() const;
  // Failover to a card that is a mere port. False: it is not even that.
  absl::StatusOr<bool> UseAsPort(bool carried);
  absl::Status EndUseAsPort();
  // What the card hands over through software and back. Errors: those of the card.
  absl::Status ForwardPunted();
  absl::Status SendLeaving();
  absl::Status TakeLateEvents(CardOutput& said);
  // Brings the card back, a step at a time; what is to be told meanwhile goes to `output`.
  absl::Status BringBack(CardOutput& output);
  absl::Status TakeNewCard();
  absl::Status LoadSome(CardOutput& output);
  absl::Status SwitchToCard(CardOutput& output);
  absl::Status MakeCardCarry(CardOutput& output);
  // What found no room in the card is the user's, and the card is to hand over its packets.
  absl::Status HandOverTheRest(CardOutput& output);

  absl::Status TakeFromCard(CardOutput& output);
  // What a card that has failed had still said.
  absl::Status TakeLastWords();
  absl::Status TakeFromSubstitute(CardOutput& output);
  absl::Status InjectAgain(CardOutput& output);
  absl::Status Follow(const std::vector<ConnectionChange>& changes);
  absl::Status RereadConnections();
  void NoteWrites(std::span<const RowWrite> rows);
  // What the card is to write of these.
  std::vector<RowWrite> ForCard(std::span<const RowWrite> rows,
                                std::vector<ConnectionChange>& forgotten);
  absl::StatusOr<std::vector<RowBits>> ReadFrom(TableId table, uint32_t index, uint32_t count);
  absl::StatusOr<std::vector<RowBits>> ReadCounters(TableId table, uint32_t index, uint32_t count);
  std::vector<RowBits> ReadMirror(TableId table, uint32_t index, uint32_t count) const;
  CardSettings SettingsNow(Mode mode) const;
  CardContent Content() const;
  absl::Status TellTheTime();
  void Tally(const CardHealth& health);

  const FailoverOptions options_;
  const std::unique_ptr<CardSource> source_;
  std::unique_ptr<Card> card_;            // may be null, or be loaded, or a mere port
  std::unique_ptr<PuntForwarder> punts_;  // carries what a card hands over that is a mere port
  const std::unique_ptr<StandbyCard> ports_;
  const CardDescription description_;
  CardStatus status_;

  // What the user wants.
  Image image_;
  std::vector<RowBits> affinity_;
  std::optional<CardSettings> settings_;
  ConnectionMirror mirror_;
  bool sources_changed_ = false;

  std::optional<CardLoader> loader_;
  bool opening_ = false;  // the source is at it
  std::chrono::milliseconds pause_;
  Clock::time_point next_attempt_{};
  Clock::time_point ready_since_;

  CardOutput last_words_;             // for the next Poll
  uint32_t events_lost_ = 0;          // as told
  uint32_t carrier_events_lost_ = 0;  // as the carrier told last
  uint32_t port_events_lost_ = 0;     // as the card told last that is a mere port
  CardHealth health_;                 // as told last
  std::vector<uint32_t> carrier_statistics_;
  std::vector<RowBits> former_counters_;  // of frontends: what former punts_ forwarded
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_FAILOVER_CARD_H_
