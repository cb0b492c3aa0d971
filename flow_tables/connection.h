// A connection as the software path records it, and the keys that it is found by. Plain values.
#ifndef POINTSMAN_FLOW_TABLES_CONNECTION_H_
#define POINTSMAN_FLOW_TABLES_CONNECTION_H_

#include <cstddef>
#include <cstdint>

#include "flow_tables/family.h"
#include "flow_tables/rewrite.h"
#include "flow_tables/types.h"

namespace pointsman {

inline constexpr size_t kCacheLineBytes = 64;

// One connection, a cache line over IPv4. The keys it is found by follow from what becomes of its
// packets: see OriginalKey and ReplyKey.
template <class Family>
struct alignas(kCacheLineBytes) ConnectionAs {
  RewriteAs<Family> there;  // what becomes of the client's packets
  RewriteAs<Family> back;   // what becomes of the endpoint's answers
  uint8_t protocol = 0;
  ConnectionState state = ConnectionState::kUnconfirmed;
  uint32_t last_seen = 0;  // tick of its newest packet
  friend bool operator==(const ConnectionAs&, const ConnectionAs&) = default;
};
using Connection = ConnectionAs<Ipv4>;
using ConnectionIpv6 = ConnectionAs<Ipv6>;
static_assert(sizeof(Connection) == 64 && sizeof(ConnectionIpv6) == 128);

namespace internal {

// Who sends a packet that the other direction's packets are turned into, turned round.
template <class Family>
typename Family::Key TurnedRound(const RewriteAs<Family>& rewrite, uint8_t protocol) {
  const auto& to = rewrite.to;
  return {.source_address = to.new_destination_address,
          .destination_address = to.new_source_address,
          .source_port = to.new_destination_port,
          .destination_port = to.new_source_port,
          .protocol = protocol};
}

}  // namespace internal

// As the client sends it.
template <class Family>
typename Family::Key OriginalKey(const ConnectionAs<Family>& connection) {
  return internal::TurnedRound(connection.back, connection.protocol);
}

// (endpoint's address, new source address, endpoint's port, new source port, protocol).
template <class Family>
typename Family::Key ReplyKey(const ConnectionAs<Family>& connection) {
  return internal::TurnedRound(connection.there, connection.protocol);
}

// What becomes of packets in one of the two directions.
template <class Family>
const RewriteAs<Family>& RewriteOf(const ConnectionAs<Family>& connection, bool reply) {
  return reply ? connection.back : connection.there;
}

// Whether the key in one of the two directions is this one.
template <class Family>
[[gnu::always_inline]] inline bool HasKey(const ConnectionAs<Family>& connection, bool reply,
                                          const typename Family::Key& key) {
  return Family::IsTurnedRound(key, RewriteOf(connection, !reply).to) &&
         connection.protocol == key.protocol;
}

// Answers go back to the client: the two ends of the original, exchanged.
template <class Family>
ConnectionAs<Family> MakeConnection(const typename Family::Key& original,
                                    const typename Family::To& there, uint16_t reply_next_hop) {
  const typename Family::To back{.new_source_address = original.destination_address,
                                 .new_destination_address = original.source_address,
                                 .new_source_port = original.destination_port,
                                 .new_destination_port = original.source_port,
                                 .next_hop = reply_next_hop,
                                 .frontend_counter = there.frontend_counter,
                                 .endpoint = there.endpoint};
  ConnectionAs<Family> connection{.there = MakeRewrite<Family>(original, there), .back = {}};
  connection.protocol = original.protocol;
  connection.back = MakeRewrite<Family>(ReplyKey(connection), back);
  return connection;
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CONNECTION_H_
