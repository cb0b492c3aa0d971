// Cutting up an IPv4 packet that is too long for where it goes (RFC 791, 3.2). Pure.
#ifndef POINTSMAN_HOST_SOFTPATH_CUT_UP_H_
#define POINTSMAN_HOST_SOFTPATH_CUT_UP_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pointsman {

// The frames of the fragments, in order; of a packet that is a fragment itself, too. Options go
// into each that are marked to be copied, the others into the first alone. Empty: the packet must
// not be cut up, its header's checksum is wrong, or `mtu_bytes` has no room for header and 8 bytes.
// REQUIRES: the frame, without VLAN tag, holds an IPv4 packet whose lengths are right (ParseDeep
// says so).
std::vector<std::vector<uint8_t>> CutUp(std::span<const uint8_t> frame, size_t mtu_bytes);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_CUT_UP_H_
