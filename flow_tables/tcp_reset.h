// The reset that answers a TCP segment to a port where nobody listens (RFC 9293, 3.10.7.1). Pure.
#ifndef POINTSMAN_FLOW_TABLES_TCP_RESET_H_
#define POINTSMAN_FLOW_TABLES_TCP_RESET_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pointsman {

// A TCP header, its checksum 0 still. Empty: the segment is a reset itself, or its header is not
// whole. REQUIRES: segment holds 20 bytes at least.
std::vector<uint8_t> ResetFor(std::span<const uint8_t> segment);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_TCP_RESET_H_
