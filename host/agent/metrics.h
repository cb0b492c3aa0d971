// What the agent counts and measures, for Prometheus: kube-proxy's metrics under kube-proxy's
// names, which dashboards know, and the agent's own. docs/metrics.md lists them all.
//
// Source: pkg/proxy/metrics of kube-proxy; the Prometheus text format 0.0.4.
#ifndef POINTSMAN_HOST_AGENT_METRICS_H_
#define POINTSMAN_HOST_AGENT_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "driver/card.h"
#include "host/agent/node_update.h"
#include "host/agent/punt_server.h"
#include "host/cardd/card_state.h"

namespace pointsman {

inline constexpr uint16_t kMetricsPort = 10249;  // kube-proxy's
inline constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// The card and what came from it, as counted last.
struct CardCounts {
  CardHealth health;
  CardSizes sizes;
  size_t frontends = 0;  // rows in use
  size_t endpoints = 0;
  size_t sources = 0;
  size_t next_hops = 0;
  size_t card_connections = 0;
  size_t software_connections = 0;
  PuntCounts software;
  CardStatus card;
};

// Thread-safe. Times are of the clock that the cluster's controllers read, too.
class AgentMetrics {
 public:
  // Changes triggered before `started` do not count as programmed late.
  explicit AgentMetrics(absl::Time started);
  ~AgentMetrics();

  // A state arrived, and waits.
  void Queued(const HeardChanges& heard, absl::Time now);
  // All that was queued is in the card: `rows` were written, in `took`.
  void Programmed(size_t rows, absl::Duration took, absl::Time now);
  // It is not, for a fault of the input: what waits goes on waiting.
  void Refused();

  void ApiRequestsFailed(size_t count);
  void ApiListsTaken(size_t count);  // complete ones

  void SetCard(CardCounts counts);

  // How long the newest change of a Service took from when it was heard of to its rows in the card;
  // nothing: there was none since the start.
  std::optional<absl::Duration> ProgrammedIn(const kube::ObjectKey& service) const;

  // All of them, in the text format.
  std::string Text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_METRICS_H_
