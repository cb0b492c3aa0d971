// Step 1 of docs/card.md for a packet in its place of a batch. Of pipeline*.cc alone.
#ifndef POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_
#define POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_

#include "flow_tables/pipeline.h"

namespace pointsman {

[[gnu::always_inline]] inline void Pipeline::ParsePacket(const Packet& packet, size_t i) {
  Parsed& parsed = ipv4_.parsed[i];
  ParseInto(packet.frame, parsed);
  if (TunnelBytes(packet.frame, packet.ingress, image_->configuration.tunnel) != 0) [[unlikely]] {
    parsed = ParseTunnelled(packet.frame);
  }
  ipv4_.placements[i] = connections_.Hash(parsed.tuple);
}

[[gnu::always_inline]] inline void Pipeline::ParseOtherPacket(const Packet& packet, size_t i) {
  ParsedIpv6& parsed = ipv6_.parsed[i];
  const uint8_t tunnel_bytes = ipv4_.parsed[i].tunnel_bytes;
  ParseOtherInto(packet.frame.subspan(tunnel_bytes), image_->configuration.host_protocols.sctp,
                 parsed);
  if (tunnel_bytes != 0) [[unlikely]] {
    if (parsed.tag_bytes != 0) parsed = {};
    parsed.tunnel_bytes = tunnel_bytes;
  }
  ipv6_.placements[i] = connections_ipv6_.Hash(parsed.tuple);
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_
