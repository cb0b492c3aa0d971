// Connections that the host carries by itself, those over SCTP and those that the card has no room
// for: exact match on both directions' 5-tuples. They live as those of the card do
// (flow_tables/connection_life.h), SCTP as UDP. With rows that are kept it begins with those of the
// process before. Not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_HOST_CONNECTIONS_H_
#define POINTSMAN_HOST_SOFTPATH_HOST_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "flow_tables/connection.h"
#include "flow_tables/connection_life.h"
#include "flow_tables/connections.h"
#include "flow_tables/flow.h"
#include "flow_tables/frontend_index.h"
#include "host/kept/kept_rows.h"

namespace pointsman {

struct HostConnection {
  FlowKey original;    // as the client sends it
  FlowKey translated;  // as the endpoint gets it
  NextHop to_endpoint;
  NextHop to_client;
  ConnectionState state = ConnectionState::kUnconfirmed;
  uint32_t last_seen = 0;  // tick of its newest packet

  // As the endpoint answers.
  FlowKey Reply() const { return Reversed(translated); }
  static FlowKey Reversed(const FlowKey& key) {
    return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
  }
  friend bool operator==(const HostConnection&, const HostConnection&) = default;
};

// A connection as a card had it, whose next hops these are.
HostConnection ToHostConnection(const std::variant<Connection, ConnectionIpv6>& connection,
                                const std::vector<NextHopRow>& next_hops);

class HostConnections {
 public:
  // REQUIRES: `kept` has room for `capacity`.
  explicit HostConnections(size_t capacity, KeptRows<HostConnection> kept = {});

  struct Found {
    const HostConnection* connection = nullptr;  // nullptr: none; valid until the next change
    bool is_reply = false;
  };
  // Originals before replies.
  Found Find(const FlowKey& key) const;

  // A packet with this key came at `tick`: what Find says, noted in the connection's state.
  // `flags`: those of TCP, for other protocols none.
  Found Touch(const FlowKey& key, uint32_t tick, LifeSign flags = {});

  // Records both directions, or changes nothing. REQUIRES: nobody has this original.
  RecordResult Record(const HostConnection& connection);

  // Forgets those for which `chosen` is true; returns how many.
  size_t EraseIf(absl::FunctionRef<bool(const HostConnection&)> chosen);
  void Clear();

  void ForEach(absl::FunctionRef<void(const HostConnection&)> visit) const;
  size_t size() const { return by_original_.size(); }
  // Of those, the ones of a protocol, and those of a frontend that nobody has answered yet.
  size_t size(Protocol protocol) const;
  uint32_t unconfirmed(const FrontendKey& frontend) const;

 private:
  struct Entry {
    HostConnection connection;
    uint32_t row = 0;  // of `kept_`
  };

  void Add(const HostConnection& connection, uint32_t row);
  void Uncount(const HostConnection& connection);
  void CountUnconfirmed(const HostConnection& connection, bool more);

  const size_t capacity_;
  absl::flat_hash_map<FlowKey, Entry> by_original_;
  absl::flat_hash_map<FlowKey, FlowKey> originals_by_reply_;
  absl::flat_hash_map<Protocol, size_t> sizes_;
  absl::flat_hash_map<FrontendKey, uint32_t> unconfirmed_;
  KeptRows<HostConnection> kept_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_HOST_CONNECTIONS_H_
