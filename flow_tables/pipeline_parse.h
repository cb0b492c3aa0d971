// Step 1 of docs/card.md for a packet in its place of a batch. Of pipeline*.cc alone.
#ifndef POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_
#define POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_

#include "flow_tables/pipeline.h"

namespace pointsman {

// False: it takes ParseSpecial to say what it is.
[[gnu::always_inline]] inline bool Pipeline::ParsePlain(const Packet& packet, size_t i) {
  Parsed& parsed = ipv4_.parsed[i];
  if (!pointsman::ParsePlain(packet.frame, parsed)) [[unlikely]]
    return false;
  if (TunnelBytes(packet.frame, packet.ingress, image_->configuration.tunnel) != 0) [[unlikely]]
    return false;
  ipv4_.placements[i] = connections_.Hash(parsed.tuple);
  return true;
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PIPELINE_PARSE_H_
