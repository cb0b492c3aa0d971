// The agent of one node: keeps a card programmed with what a feed says (a folder of manifests, an
// API server), serves what the card hands over, and says how it is doing.
#ifndef POINTSMAN_HOST_AGENT_AGENT_H_
#define POINTSMAN_HOST_AGENT_AGENT_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "driver/card.h"
#include "host/agent/audit.h"
#include "host/agent/feed.h"
#include "host/agent/health_server.h"
#include "host/agent/metrics.h"
#include "host/agent/punt_server.h"
#include "host/agent/reconciler.h"
#include "host/agent/row_dump.h"
#include "host/agent/status_server.h"
#include "host/cardd/card_state.h"
#include "host/softpath/connection_list.h"

namespace pointsman {

// Run() has the card, the feed's newest state and the status document in one thread; not
// thread-safe.
class Agent {
 public:
  // `tick_cycles`: clock cycles of a tick, where the card's clock is a clock; 0: the agent tells
  // the card the time. `adopt`: take over what the card's tables hold (RingCardOptions::adopt).
  // `card_status`: how a card is doing that may fail and come back, kept up to date by the card
  // itself; nullptr: it is none such. Borrows both this and `metrics`. `kept`: what the agent
  // before this one knew by itself.
  Agent(std::string node_name, std::unique_ptr<Card> card, uint32_t tick_cycles,
        std::unique_ptr<Feed> feed, std::unique_ptr<StatusServer> status,
        std::unique_ptr<HealthServer> health, bool adopt, AgentMetrics& metrics,
        const CardStatus* card_status = nullptr, KeptSoftware kept = {});

  // Works until `stop` is true. Errors: those of Card, when the card does not answer any more. What
  // cannot be programmed (a full table) is reported and leaves the last state in place.
  absl::Status Run(const std::atomic<bool>& stop);

 private:
  using Clock = std::chrono::steady_clock;

  // What an agent before this one left in the card.
  absl::Status Adopt();
  absl::Status TakeNewForwarding();
  absl::Status LookAtRows();
  absl::Status LookAtAllRows();
  absl::Status DumpRows();
  absl::Status Audited(uint64_t rows);
  // Now and then: whom the card should carry instead of others.
  absl::Status ExchangePlaces();
  absl::Status Program(const NodeUpdate& update);
  // Those that there were before this agent, once it knows the Services.
  void CountConnections();
  // UDP connections whose endpoints do not serve any more, the card's and those of software.
  absl::Status PurgeUdp();
  absl::Status TellHostConnections();
  absl::Status TakeOver(const CardOutput& output);
  void TellHealth(bool programmed);
  absl::StatusOr<bool> ServeCard();
  absl::Status MendRows(const std::vector<EventLine>& events);
  absl::Status RereadConnections(uint32_t events_lost);
  absl::Status Age();
  absl::Status LookAtCard();
  void CountCard();
  // Whether Services are forwarded at all.
  void TellForwarding();
  absl::Status PublishStatus();

  const std::string node_name_;
  std::unique_ptr<Card> card_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<StatusServer> status_;
  std::unique_ptr<HealthServer> health_;  // may be none
  const bool adopt_;
  const bool forwards_alone_;  // the card, once the agent has ended: its time goes on, too
  AgentMetrics& metrics_;
  const CardStatus* const card_status_;
  bool forwards_ = true;  // as health was told last
  bool counted_ = false;  // the connections that there were
  Reconciler reconciler_;
  Audit audit_;
  std::optional<AuditCounts> audited_before_;  // when all rows were asked for
  RowDump dump_;
  Busyness busyness_;
  SoftwarePath software_;
  PuntServer punts_;
  ConnectionList connections_;
  NodeForwarding forwarding_;
  std::string last_error_;
  uint64_t rows_written_ = 0;
  uint32_t events_lost_ = 0;
  std::optional<uint32_t> tick_;  // what the card was told
  uint32_t affinity_tick_ = 0;
  Clock::time_point next_audit_{};
  Clock::time_point next_exchange_{};
  CardHealth card_health_;  // as read last
  Clock::time_point next_look_{};
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_AGENT_H_
