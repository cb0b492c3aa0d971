// What the pipeline does at the ends of a tunnel: parts of step 5 and step 6 of docs/card.md.
#include <cstring>

#include "flow_tables/pipeline.h"
#include "flow_tables/pipeline_outcomes.h"
#include "flow_tables/tunnel.h"

namespace pointsman {

template <class Family>
std::optional<Outcome> Pipeline::RefusalOfTunnel(const Packet& packet,
                                                 const ParsedAs<typename Family::Key>& parsed,
                                                 const Hop& hop) const {
  const uint8_t* header = HeaderOf(packet, parsed);
  const bool enters = hop.tunnel.address != Ipv4Address{};
  if (enters && Family::PacketBytes(header) > image_->configuration.tunnel.mtu) {
    return PuntFor(Reason::kTooBig);
  }
  const bool congested = parsed.tunnel_bytes != 0 && SawCongestion(packet.frame);
  if (congested && (Family::Tos(header) & kEcnMask) == 0) {
    return DropFor(Reason::kTunnelCongestion);
  }
  return std::nullopt;
}

template <class Family>
void Pipeline::LeaveTunnel(Packet& packet, const ParsedAs<typename Family::Key>& parsed) const {
  if (SawCongestion(packet.frame)) Family::SetCongestion(HeaderOf(packet, parsed));
  packet.frame = packet.frame.subspan(parsed.tunnel_bytes);
  packet.headroom_bytes += parsed.tunnel_bytes;
}

template <class Family>
void Pipeline::EnterTunnel(Packet& packet, size_t tag_bytes, const Hop& hop) const {
  uint8_t* frame = packet.frame.data() + tag_bytes;
  std::memmove(frame, packet.frame.data(), hop.macs.size());
  const uint8_t* ports = frame + Family::kTransport;
  const auto mixed =
      static_cast<uint16_t>(LoadBe16(ports) ^ LoadBe16(ports + 2) ^
                            LoadBe16(frame + Family::kDestination - 2) ^ LoadBe16(ports - 2));
  const size_t frame_bytes = packet.frame.size() - tag_bytes;
  WriteTunnelHeaders(
      frame - kTunnelBytes, image_->configuration.tunnel, hop.tunnel,
      {.frame_bytes = frame_bytes, .tos = Family::Tos(frame), .flow_port = TunnelFlowPort(mixed)});
  packet.frame = {frame - kTunnelBytes, frame_bytes + kTunnelBytes};
  packet.headroom_bytes += tag_bytes - kTunnelBytes;
}

template std::optional<Outcome> Pipeline::RefusalOfTunnel<Ipv4>(const Packet&, const Parsed&,
                                                                const Hop&) const;
template std::optional<Outcome> Pipeline::RefusalOfTunnel<Ipv6>(const Packet&, const ParsedIpv6&,
                                                                const Hop&) const;
template void Pipeline::LeaveTunnel<Ipv4>(Packet&, const Parsed&) const;
template void Pipeline::LeaveTunnel<Ipv6>(Packet&, const ParsedIpv6&) const;
template void Pipeline::EnterTunnel<Ipv4>(Packet&, size_t, const Hop&) const;
template void Pipeline::EnterTunnel<Ipv6>(Packet&, size_t, const Hop&) const;

}  // namespace pointsman
