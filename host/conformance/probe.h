// The packets that ask a conformance case: first packets of TCP and UDP connections over IPv4.
#ifndef POINTSMAN_HOST_CONFORMANCE_PROBE_H_
#define POINTSMAN_HOST_CONFORMANCE_PROBE_H_

#include <cstdint>
#include <vector>

#include "flow_tables/types.h"

namespace pointsman::conformance {

struct Probe {
  Ipv4Address source;
  Ipv4Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  Protocol protocol = Protocol::kTcp;
};

// A TCP SYN or a short UDP datagram with right checksums, 60 bytes.
std::vector<uint8_t> ProbeFrame(const Probe& probe);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_PROBE_H_
