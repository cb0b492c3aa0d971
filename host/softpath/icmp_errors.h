// ICMP and ICMPv6 errors (RFC 792, RFC 4443): whom they speak of, and how they are translated with
// the connection of the packet that they quote (RFC 5508, 4). Pure functions of values.
#ifndef POINTSMAN_HOST_SOFTPATH_ICMP_ERRORS_H_
#define POINTSMAN_HOST_SOFTPATH_ICMP_ERRORS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "flow_tables/flow.h"

namespace pointsman {

struct IcmpError {
  Address source;
  Address destination;
  uint8_t hop_limit = 0;
  bool is_redirect = false;
  size_t icmp_offset = 0;  // from the start of the frame
  size_t icmp_bytes = 0;
  FlowKey quoted;  // of the packet that met the error, as it was then

  // Of a packet that goes the other way: what answers the quoted one has this key.
  FlowKey AnswerKey() const {
    return {quoted.destination, quoted.source, quoted.destination_port, quoted.source_port,
            quoted.protocol};
  }
};

// Of a frame without VLAN tag. Nothing: no ICMP error, or it does not quote the ports of a packet
// of TCP, UDP or SCTP, or is shorter than its headers say. Reads only bytes inside the frame.
std::optional<IcmpError> ParseIcmpError(std::span<const uint8_t> frame);

// Makes the error one about `quoted`, from `source` to its sender: addresses and ports inside and
// outside, hop limit less one, MAC addresses of the hop, checksums of both (RFC 1624: what was
// wrong stays wrong). REQUIRES: `frame` parsed as `error`, whose hop limit is 2 or more; all
// addresses are of one family.
void TranslateIcmpError(std::span<uint8_t> frame, const IcmpError& error, const FlowKey& quoted,
                        const Address& source, const NextHop& hop);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_ICMP_ERRORS_H_
