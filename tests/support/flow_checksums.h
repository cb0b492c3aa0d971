// Checksums of frames of either family, computed from scratch: what the incremental updates of
// flow_tables/flow.h are compared with.
#ifndef POINTSMAN_TESTS_SUPPORT_FLOW_CHECKSUMS_H_
#define POINTSMAN_TESTS_SUPPORT_FLOW_CHECKSUMS_H_

#include <cstdint>
#include <span>

namespace pointsman {

// The IPv4 header's, where there is one, and that of TCP, UDP or SCTP (bit by bit). False for what
// does not parse as a flow.
bool FlowChecksumsAreRight(std::span<const uint8_t> frame);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SUPPORT_FLOW_CHECKSUMS_H_
