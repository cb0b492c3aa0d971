// Serves what a running card hands over: the software path's answer goes back by the inject ring.
// Not thread-safe.
#ifndef POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
#define POINTSMAN_HOST_AGENT_PUNT_SERVER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "driver/card.h"
#include "flow_tables/types.h"

namespace pointsman {

class PuntServer {
 public:
  // Borrows the card.
  explicit PuntServer(Card& card) : card_(card) {}

  // `node_address`: as for ServePunt. Errors: those of Card::Inject; frames not injected by then
  // are lost, as by a full queue.
  absl::Status Serve(const std::vector<PuntedFrame>& punts, Ipv4Address node_address);

  uint64_t served_packets() const { return served_packets_; }

 private:
  Card& card_;
  uint64_t served_packets_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_PUNT_SERVER_H_
