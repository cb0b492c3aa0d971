// Connections through the virtual cluster: what a probe is. Of TCP, a SYN and its answer, then a
// request and its answer; of UDP, a request and its answer. Every packet walks. Not thread-safe.
#ifndef POINTSMAN_SIM_CLUSTER_PROBE_H_
#define POINTSMAN_SIM_CLUSTER_PROBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/cluster/cluster.h"

namespace pointsman::cluster {

// A connection as both ends see it.
struct Connection {
  Host client;
  FlowKey sent;      // what the client sends
  Host backend;      // where it ended
  FlowKey received;  // what the backend sees
};

struct ProbeResult {
  std::optional<Failure> failure{};        // none: request and reply both went through
  std::optional<Connection> connection{};  // as far as the backend was reached
  bool ok() const { return !failure.has_value(); }
};

class Prober {
 public:
  // `cluster` must outlive it.
  explicit Prober(Cluster& cluster) : cluster_(cluster) {}

  // Opens a connection from a port that the client has not used towards this destination. `hops`
  // gets each step of the walks; may be nullptr. Errors: those of a datapath.
  absl::StatusOr<ProbeResult> Connect(const Host& client, const Address& destination, uint16_t port,
                                      Protocol protocol, std::vector<Hop>* hops, absl::Time now);

  // A request and its answer on an open connection.
  absl::StatusOr<ProbeResult> Exchange(const Connection& connection, absl::Time now);

 private:
  absl::StatusOr<ProbeResult> RoundTrip(const Host& client, const FlowKey& sent, uint8_t there,
                                        uint8_t back, std::string_view payload, const Trace& trace,
                                        absl::Time now);

  Cluster& cluster_;
  absl::flat_hash_map<Address, uint16_t> ports_;  // next one, by client
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_PROBE_H_
