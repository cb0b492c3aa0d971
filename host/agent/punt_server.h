// Serves what a running card hands over: the software path decides, and what it wants goes back by
// the inject ring.
// Not thread-safe.
#ifndef POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
#define POINTSMAN_HOST_AGENT_PUNT_SERVER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "driver/card.h"
#include "host/softpath/software_path.h"

namespace pointsman {

// What became of the packets that were served.
struct PuntCounts {
  std::array<uint64_t, kFates> by_fate{};
  std::array<uint64_t, 256> drops{};  // by Reason
};

// Makes a row of endpoints for a frontend that the card has no room for, and returns it. Errors:
// NotFound and ResourceExhausted, the packet is dropped; others end the service.
using RowLender = std::function<absl::StatusOr<uint32_t>(const WantedRow&)>;

// Tells the card over which protocols the software has connections of its own, where that is news.
// Errors end the service.
using HostConnectionsTeller = std::function<absl::Status(const SoftwarePath&)>;

class PuntServer {
 public:
  // Borrows the card. Without a lender there is no row; without a teller the card is not told.
  explicit PuntServer(Card& card, RowLender lend = nullptr, HostConnectionsTeller tell = nullptr)
      : card_(card), lend_(std::move(lend)), tell_(std::move(tell)) {}

  // Punts that came at `now`; `find` says what connections the card has. Errors: those of
  // Card::Write and Card::Inject; frames not injected by then are lost, as by a full queue.
  absl::Status Serve(const std::vector<PuntedFrame>& punts, SoftwarePath& software, absl::Time now,
                     FindTranslation find);

  uint64_t served_packets() const { return served_packets_; }
  const PuntCounts& counts() const { return counts_; }

 private:
  // Finds the row that the service wants; no service if there is none.
  absl::Status LendRow(PuntService& service);

  Card& card_;
  RowLender lend_;
  HostConnectionsTeller tell_;
  uint64_t served_packets_ = 0;
  PuntCounts counts_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
