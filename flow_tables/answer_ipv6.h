// What a host sends for an IPv6 packet that is not to be forwarded: the part of answer.h that is of
// that family. Pure.
#ifndef POINTSMAN_FLOW_TABLES_ANSWER_IPV6_H_
#define POINTSMAN_FLOW_TABLES_ANSWER_IPV6_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/flow.h"

namespace pointsman {

// For a packet that is rejected: a reset (TCP; RFC 9293, 3.10.7.1), or ICMPv6 port unreachable
// (RFC 4443, 3.1), both from the packet's destination. Empty: it must not be answered.
// REQUIRES: `frame` parsed as `flow`, over IPv6.
std::vector<uint8_t> RejectIpv6(std::span<const uint8_t> frame, const Flow& flow);

// ICMPv6 time exceeded (RFC 4443, 3.3) from `node_address`. Empty: it must not be answered.
// REQUIRES: as above; node_address is IPv6.
std::vector<uint8_t> TimeExceededIpv6(std::span<const uint8_t> frame, const Flow& flow,
                                      const Address& node_address);

// ICMPv6 packet too big (RFC 4443, 3.2) from `node_address`; `mtu` in bytes. Empty and REQUIRES as
// above.
std::vector<uint8_t> TooBigIpv6(std::span<const uint8_t> frame, const Flow& flow,
                                const Address& node_address, uint16_t mtu);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_ANSWER_IPV6_H_
