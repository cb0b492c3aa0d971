// The packets that ask a conformance case: first packets of connections, either family.
#ifndef POINTSMAN_HOST_CONFORMANCE_PROBE_H_
#define POINTSMAN_HOST_CONFORMANCE_PROBE_H_

#include <cstdint>
#include <vector>

#include "flow_tables/flow.h"

namespace pointsman::conformance {

// A TCP SYN, a short UDP datagram or an SCTP INIT (RFC 9260, 3.3.2) with right checksums.
std::vector<uint8_t> ProbeFrame(const FlowKey& probe);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_PROBE_H_
