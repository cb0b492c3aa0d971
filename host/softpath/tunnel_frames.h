// Frames of the software path that go into a tunnel or came through it (flow_tables/tunnel.h). Pure
// functions of values.
#ifndef POINTSMAN_HOST_SOFTPATH_TUNNEL_FRAMES_H_
#define POINTSMAN_HOST_SOFTPATH_TUNNEL_FRAMES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/flow.h"
#include "flow_tables/forwarding.h"

namespace pointsman {

// How `frame`, an untagged packet of `flow`, goes through the tunnel to the end that `hop` names;
// its own MAC addresses are set. REQUIRES: hop has a vxlan_address.
std::vector<uint8_t> IntoTunnel(const std::vector<uint8_t>& frame, const FlowKey& flow,
                                const NextHop& hop, const Tunnel& tunnel);

// An answer goes back where `whole` came from. REQUIRES: TunnelBytes of `whole` is not 0.
std::vector<uint8_t> BackThroughTunnel(const std::vector<uint8_t>& answer,
                                       std::span<const uint8_t> whole, const Tunnel& tunnel);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_TUNNEL_FRAMES_H_
