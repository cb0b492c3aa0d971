// Frames of either family as the software path sees them: TCP, UDP or SCTP behind an IPv4 header
// without options (RFC 791) or an IPv6 header without extension headers (RFC 8200), Ethernet II
// without VLAN tag. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_FLOW_H_
#define POINTSMAN_FLOW_TABLES_FLOW_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/forwarding.h"
#include "flow_tables/types.h"

namespace pointsman {

// Who talks to whom, as in the packet's headers. Both addresses are of one family.
struct FlowKey {
  Address source;
  Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  Protocol protocol = Protocol::kTcp;
  friend auto operator<=>(const FlowKey&, const FlowKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const FlowKey& key) {
    return H::combine(std::move(h), key.source, key.destination, key.source_port,
                      key.destination_port, key.protocol);
  }
};

struct Flow {
  FlowKey key;
  uint8_t hop_limit = 0;        // TTL, for IPv4
  size_t transport_offset = 0;  // from the start of the frame
  size_t transport_bytes = 0;   // header and payload
};

// Nothing: the frame is something else, a fragment, or shorter than its headers say. Reads only
// bytes inside the frame.
std::optional<Flow> ParseFlow(std::span<const uint8_t> frame);

// The frame without its VLAN tag. REQUIRES: it has one (VlanTagBytes).
std::vector<uint8_t> WithoutTag(std::span<const uint8_t> frame);

// Any packet of IP but ICMP and later fragments over IPv4, with options and extension headers too:
// its addresses and hop limit; without ports, and all behind the fixed header is its transport.
// Nothing: the frame is something else, or shorter than its headers say.
std::optional<Flow> ParseIp(std::span<const uint8_t> frame);

// Makes `to` of a frame of SCTP that parsed as `flow`: MAC addresses of the hop, addresses, ports,
// hop limit less one, checksums. A checksum that was wrong stays wrong, also the CRC32c of SCTP
// (RFC 9260, appendix A): it changes by as much as the right one does. REQUIRES: flow.hop_limit is
// 2 or more, `to` is of the same family and of SCTP.
void RewriteSctp(std::span<uint8_t> frame, const Flow& flow, const FlowKey& to, const NextHop& hop);

// The same as tuples of the tables, and back. REQUIRES of the first two: `key` is of that family.
Tuple ToTuple(const FlowKey& key);
TupleIpv6 ToTupleIpv6(const FlowKey& key);
FlowKey ToFlowKey(const Tuple& tuple);
FlowKey ToFlowKey(const TupleIpv6& tuple);

// The slot hash of the tuple, whichever its family.
uint32_t FlowHash(const FlowKey& key, uint32_t seed);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FLOW_H_
