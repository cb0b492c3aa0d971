// A card that lives in a child process, behind the interface of a card, and the source of such
// cards. A child that has died, whose heartbeat stands still, or that writes what makes no sense is
// a failed card. Not thread-safe.
#ifndef POINTSMAN_HOST_CARDD_REMOTE_CARD_H_
#define POINTSMAN_HOST_CARDD_REMOTE_CARD_H_

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "driver/card.h"
#include "host/cardd/card_process.h"
#include "host/cardd/card_source.h"
#include "host/cardd/channel.h"
#include "host/cardd/messages.h"

namespace pointsman::cardd {

struct RemoteCardOptions {
  // How long the child's loop may stand still. A request keeps it busy for some milliseconds.
  std::chrono::milliseconds hung_after{1000};
  // Of one request, also where the child's loop goes round.
  std::chrono::milliseconds deadline{30'000};
  // Of bringing the card up.
  std::chrono::milliseconds open_deadline{120'000};
};

class RemoteCard : public Card {
 public:
  RemoteCard(std::unique_ptr<Channel> channel, std::unique_ptr<CardProcess> process,
             const RemoteCardOptions& options);

  // Asks the child to end, and kills it if it does not.
  ~RemoteCard() override;

  // Whether the child has the card up; before, nothing else may be called. Errors: why it has not.
  absl::StatusOr<bool> IsOpen();

  pid_t child() const { return process_->pid(); }

  const CardDescription& description() const override { return description_; }
  absl::Status Write(std::span<const RowWrite> rows) override;
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index, uint32_t count) override;
  absl::Status Configure(const CardSettings& settings) override;
  absl::Status Inject(std::span<const InjectedFrame> frames) override;
  absl::StatusOr<CardOutput> Poll() override;
  absl::StatusOr<CardHealth> Health() override;

 private:
  using Clock = std::chrono::steady_clock;

  absl::Status Send(const Request& request);
  absl::StatusOr<Answer> AwaitAnswer();
  absl::StatusOr<Answer> Ask(const Request& request);
  // Takes what the child has written, and looks whether it lives.
  absl::Status Collect();
  absl::Status Drain();
  absl::Status CheckHeartbeat();
  absl::Status Take(Report report);
  absl::Status TakeEvent(const LineBits& line);
  absl::Status TakePunt(PuntedFrame punt);
  absl::Status Settle(absl::Status status);

  const RemoteCardOptions options_;
  const std::unique_ptr<Channel> channel_;
  const std::unique_ptr<CardProcess> process_;
  bool open_ = false;
  CardDescription description_;
  std::deque<Answer> answers_;
  CardOutput output_;  // collected, not yet handed out by Poll
  uint64_t beats_ = 0;
  Clock::time_point looked_;
  Clock::duration stood_still_{};  // while somebody looked
  absl::Status fault_;
};

// Starts a child for each card.
class ChildCardSource : public CardSource {
 public:
  // `first`, and `later` for those that follow: as for CardProcess; they run CardServer on the
  // channel.
  ChildCardSource(std::vector<std::string> first, std::vector<std::string> later,
                  const RemoteCardOptions& options = {})
      : command_(std::move(first)), later_(std::move(later)), options_(options) {}

  absl::Status Begin() override;
  absl::StatusOr<std::unique_ptr<Card>> Take() override;

 private:
  std::vector<std::string> command_;  // of the next child
  const std::vector<std::string> later_;
  const RemoteCardOptions options_;
  std::unique_ptr<RemoteCard> opening_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_REMOTE_CARD_H_
