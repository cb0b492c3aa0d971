#include "host/softpath/tunnel_frames.h"

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/family.h"
#include "flow_tables/tunnel.h"

namespace pointsman {
namespace {

uint8_t TosOf(const std::vector<uint8_t>& frame) {
  const bool ipv4 = LoadBe16(frame.data() + kEtherTypeOffset) == kEtherTypeIpv4;
  return ipv4 ? Ipv4::Tos(frame.data()) : Ipv6::Tos(frame.data());
}

std::vector<uint8_t> Wrapped(const std::vector<uint8_t>& frame, const Tunnel& tunnel,
                             const TunnelEnd& end, uint16_t flow_port) {
  std::vector<uint8_t> whole(kTunnelBytes + frame.size());
  std::ranges::copy(frame, whole.begin() + kTunnelBytes);
  WriteTunnelHeaders(whole.data(), tunnel, end,
                     {.frame_bytes = frame.size(), .tos = TosOf(frame), .flow_port = flow_port});
  return whole;
}

}  // namespace

std::vector<uint8_t> IntoTunnel(const std::vector<uint8_t>& frame, const FlowKey& flow,
                                const NextHop& hop, const Tunnel& tunnel) {
  std::vector<uint8_t> inside = frame;
  StoreBe48(inside.data() + kDestinationMacOffset, hop.vxlan_mac.value);
  StoreBe48(inside.data() + kSourceMacOffset, tunnel.mac.value);
  TunnelEnd end{.address = hop.vxlan_address};
  StoreBe48(end.macs.data(), hop.destination_mac.value);
  StoreBe48(end.macs.data() + kSourceMacOffset, hop.source_mac.value);
  const auto mixed = static_cast<uint16_t>(flow.source_port ^ flow.destination_port ^
                                           flow.source.low() ^ flow.destination.low());
  return Wrapped(inside, tunnel, end, TunnelFlowPort(mixed));
}

std::vector<uint8_t> BackThroughTunnel(const std::vector<uint8_t>& answer,
                                       std::span<const uint8_t> whole, const Tunnel& tunnel) {
  TunnelEnd end{.address = {LoadBe32(whole.data() + kSourceAddressOffset)}};
  StoreBe48(end.macs.data(), LoadBe48(whole.data() + kSourceMacOffset));
  StoreBe48(end.macs.data() + kSourceMacOffset, LoadBe48(whole.data() + kDestinationMacOffset));
  return Wrapped(answer, tunnel, end, LoadBe16(whole.data() + kSourcePortOffset));
}

}  // namespace pointsman
