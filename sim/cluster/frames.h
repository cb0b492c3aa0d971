// Frames as hosts of the virtual cluster send, change and check them: TCP and UDP over IPv4 (RFC
// 9293, 768, 791), Ethernet II. Pure functions of values.
#ifndef POINTSMAN_SIM_CLUSTER_FRAMES_H_
#define POINTSMAN_SIM_CLUSTER_FRAMES_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "flow_tables/flow.h"
#include "flow_tables/forwarding.h"

namespace pointsman::cluster {

using Frame = std::vector<uint8_t>;

// A segment or datagram with right checksums; `tcp_flags` (packet.h) matter for TCP alone.
// REQUIRES: both addresses are IPv4, the protocol is TCP or UDP.
Frame MakeFrame(const FlowKey& key, uint8_t tcp_flags, std::string_view payload);

// The flags of a TCP frame that parsed as `flow`; 0 for another protocol.
uint8_t TcpFlags(std::span<const uint8_t> frame, const Flow& flow);

// Whether the frame begins a connection: a SYN without ACK. Of UDP every frame may.
bool MayBegin(std::span<const uint8_t> frame, const Flow& flow);

// Gives a frame that parsed as `flow` other addresses and ports, with the checksums updated.
void Readdress(Frame& frame, const Flow& flow, const FlowKey& to);

// Whether the checksums of a frame that parsed as `flow` are right.
bool ChecksumsAreRight(std::span<const uint8_t> frame, const Flow& flow);

// The frame inside a tunnel's headers (VXLAN), sent from this node's end to `peer`.
Frame IntoTunnel(std::span<const uint8_t> frame, const Flow& flow, const Tunnel& tunnel,
                 Ipv4Address peer);

// The answer's key.
FlowKey Reverse(const FlowKey& key);

// "TCP 10.0.0.1:1024 -> 10.0.0.2:80"
std::string Describe(const FlowKey& key);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_FRAMES_H_
