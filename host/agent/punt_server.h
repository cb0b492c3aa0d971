// Serves what a running card hands over: the software path decides, and what it wants goes back by
// the inject ring.
// Not thread-safe.
#ifndef POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
#define POINTSMAN_HOST_AGENT_PUNT_SERVER_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "driver/card.h"
#include "host/softpath/software_path.h"

namespace pointsman {

// What became of the packets that were served.
struct PuntCounts {
  std::array<uint64_t, kFates> by_fate{};
  std::array<uint64_t, 256> drops{};  // by Reason
};

class PuntServer {
 public:
  // Borrows the card.
  explicit PuntServer(Card& card) : card_(card) {}

  // Punts that came at `now`; `find` says what connections the card has. Errors: those of
  // Card::Write and Card::Inject; frames not injected by then are lost, as by a full queue.
  absl::Status Serve(const std::vector<PuntedFrame>& punts, SoftwarePath& software, absl::Time now,
                     FindTranslation find);

  uint64_t served_packets() const { return served_packets_; }
  const PuntCounts& counts() const { return counts_; }

 private:
  Card& card_;
  uint64_t served_packets_ = 0;
  PuntCounts counts_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
