// VXLAN (RFC 7348) over IPv4: steps 0 and 6 of docs/card.md. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_TUNNEL_H_
#define POINTSMAN_FLOW_TABLES_TUNNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flow_tables/forwarding.h"
#include "flow_tables/packet.h"
#include "flow_tables/types.h"

namespace pointsman {

inline constexpr uint8_t kEcnMask = 3;  // of a type of service or traffic class, RFC 3168

namespace internal {
bool CameThrough(std::span<const uint8_t> frame, const Tunnel& tunnel);
}  // namespace internal

// kTunnelBytes if the frame came through `tunnel`, else 0.
inline size_t TunnelBytes(std::span<const uint8_t> frame, Port ingress, const Tunnel& tunnel) {
  if (tunnel.address == Ipv4Address{} || ingress != Port::kUplink) return 0;
  return internal::CameThrough(frame, tunnel) ? kTunnelBytes : 0;
}

// The tunnel that `frame` came through saw congestion. REQUIRES: TunnelBytes is not 0.
inline bool SawCongestion(std::span<const uint8_t> frame) {
  return (frame[kTosOffset] & kEcnMask) == kEcnMask;
}

// The way to another node's end.
struct TunnelEnd {
  std::array<uint8_t, 12> macs{};  // of the destination, then of the source, as on the wire
  Ipv4Address address;
};

// What differs between packets.
struct TunnelPacket {
  size_t frame_bytes = 0;  // of the frame inside
  uint8_t tos = 0;
  uint16_t flow_port = 0;
};

// Writes kTunnelBytes to `outer`.
void WriteTunnelHeaders(uint8_t* outer, const Tunnel& tunnel, const TunnelEnd& end,
                        const TunnelPacket& packet);

// The UDP source port: the same for all packets of a flow. `mixed`: both ports and the low 16 bits
// of both addresses, XORed.
constexpr uint16_t TunnelFlowPort(uint16_t mixed) {
  return static_cast<uint16_t>(0xc000 | (mixed & 0x3fff));
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_TUNNEL_H_
