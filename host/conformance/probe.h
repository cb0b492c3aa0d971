// The packets that ask a conformance case: first packets of connections, either family.
#ifndef POINTSMAN_HOST_CONFORMANCE_PROBE_H_
#define POINTSMAN_HOST_CONFORMANCE_PROBE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman::conformance {

struct Probe {
  Address source;
  Address destination;  // of the same family
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  Protocol protocol = Protocol::kTcp;
  friend bool operator==(const Probe&, const Probe&) = default;
};

// A TCP SYN, a short UDP datagram or an SCTP INIT (RFC 9260, 3.3.2) with right checksums.
std::vector<uint8_t> ProbeFrame(const Probe& probe);

// The addresses and ports of a frame that began as a probe. None: it is another kind of frame.
std::optional<Probe> ReadProbe(std::span<const uint8_t> frame);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_PROBE_H_
