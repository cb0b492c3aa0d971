// How long a connection lives: docs/card.md, "Connection life". Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_CONNECTION_LIFE_H_
#define POINTSMAN_FLOW_TABLES_CONNECTION_LIFE_H_

#include <cstdint>

#include "flow_tables/packet.h"
#include "flow_tables/types.h"

namespace pointsman {

// Time is counted in ticks of a quarter of a second, in 20 bits that wrap: three days.
inline constexpr uint32_t kTicksPerSecond = 4;
inline constexpr uint32_t kTickMask = (1U << 20) - 1;

// Ticks without a packet after which a connection is over. The defaults are those of Linux'
// connection tracking and kube-proxy, but shorter for what nobody has answered.
struct ConnectionTimeouts {
  uint32_t tcp_unconfirmed = 10 * kTicksPerSecond;
  uint32_t tcp_half_open = 60 * kTicksPerSecond;
  uint32_t tcp_established = 24 * 3600 * kTicksPerSecond;
  uint32_t tcp_closing = 120 * kTicksPerSecond;
  uint32_t tcp_closed = 10 * kTicksPerSecond;
  uint32_t udp_unconfirmed = 30 * kTicksPerSecond;
  uint32_t udp_established = 180 * kTicksPerSecond;
  friend bool operator==(const ConnectionTimeouts&, const ConnectionTimeouts&) = default;
};

// What counts of a packet of a connection.
struct LifeSign {
  bool tcp = false;
  uint8_t tcp_flags = 0;    // as at kTcpFlagsOffset
  bool from_reply = false;  // the endpoint sent it
  bool later = false;       // the tick has moved since the packet before
};

namespace internal {

constexpr ConnectionState NextTcpState(ConnectionState state, const LifeSign& sign) {
  using enum ConnectionState;
  if (state == kUnconfirmed && !sign.from_reply) return state;
  if ((sign.tcp_flags & kTcpRst) != 0) return kClosed;
  if ((sign.tcp_flags & kTcpFin) != 0) {
    const ConnectionState other = sign.from_reply ? kClientClosing : kEndpointClosing;
    if (state == kClosed || state == other) return kClosed;
    return sign.from_reply ? kEndpointClosing : kClientClosing;
  }
  const bool syn = (sign.tcp_flags & kTcpSyn) != 0;
  if (sign.from_reply) {
    if (state != kUnconfirmed) return state;
    return syn ? kHalfOpen : kEstablished;
  }
  if (syn) return state == kClosed ? kHalfOpen : state;
  return state == kHalfOpen ? kEstablished : state;
}

}  // namespace internal

// The state behind a packet. A first packet makes a connection unconfirmed. REQUIRES: not kNone.
constexpr ConnectionState NextState(ConnectionState state, const LifeSign& sign) {
  if (sign.tcp) return internal::NextTcpState(state, sign);
  const bool answered = sign.from_reply || sign.later;
  return state == ConnectionState::kUnconfirmed && answered ? ConnectionState::kEstablished : state;
}

// What most packets find, and the quickest to say: NextState of kEstablished is kEstablished.
constexpr bool StaysEstablished(ConnectionState state, uint8_t tcp_flags) {
  return state == ConnectionState::kEstablished && (tcp_flags & (kTcpFin | kTcpRst)) == 0;
}

constexpr uint32_t TimeoutTicks(const ConnectionTimeouts& timeouts, bool tcp,
                                ConnectionState state) {
  using enum ConnectionState;
  if (!tcp) return state == kEstablished ? timeouts.udp_established : timeouts.udp_unconfirmed;
  switch (state) {
    case kUnconfirmed:
      return timeouts.tcp_unconfirmed;
    case kHalfOpen:
      return timeouts.tcp_half_open;
    case kEstablished:
      return timeouts.tcp_established;
    case kClosed:
      return timeouts.tcp_closed;
    default:
      return timeouts.tcp_closing;
  }
}

constexpr bool IsOver(const ConnectionTimeouts& timeouts, bool tcp, ConnectionState state,
                      uint32_t last_seen, uint32_t tick) {
  return ((tick - last_seen) & kTickMask) > TimeoutTicks(timeouts, tcp, state);
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CONNECTION_LIFE_H_
