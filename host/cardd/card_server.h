// The child's side of the channel: owns the card, does what the agent asks, and tells what the card
// says. One thread.
#ifndef POINTSMAN_HOST_CARDD_CARD_SERVER_H_
#define POINTSMAN_HOST_CARDD_CARD_SERVER_H_

#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "driver/card.h"
#include "host/cardd/channel.h"
#include "host/cardd/messages.h"

namespace pointsman::cardd {

class CardServer {
 public:
  // Borrows both.
  CardServer(Channel& channel, Card& card) : channel_(channel), card_(card) {}

  // Until the agent asks for the end, or the card fails: the agent has been told then. Errors:
  // those of Card; Internal: what the agent wrote is impossible.
  absl::Status Run();

 private:
  absl::Status Serve();
  // Whether there was anything to do.
  absl::StatusOr<bool> DoRequests();
  absl::StatusOr<bool> TakeOutput();
  absl::Status Flush();

  Answer Do(const WriteRequest& request);
  Answer Do(const ReadRequest& request);
  Answer Do(const ConfigureRequest& request);
  Answer Do(const InjectRequest& request);
  Answer Do(const HealthRequest& request);

  Channel& channel_;
  Card& card_;
  std::vector<Frame> frames_;  // to be injected by the next request for it
  std::deque<Bytes> to_send_;  // what found no room yet
  uint32_t events_lost_ = 0;   // as told last
};

// What a child that cannot open its card tells.
void TellFailure(Channel& channel, const absl::Status& status);

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CARD_SERVER_H_
