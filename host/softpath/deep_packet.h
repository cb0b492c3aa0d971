// IP packets of TCP and UDP as the host looks at them: behind IPv4 options (RFC 791) and IPv6
// extension headers (RFC 8200, 4), and in fragments. Pure functions of values.
#ifndef POINTSMAN_HOST_SOFTPATH_DEEP_PACKET_H_
#define POINTSMAN_HOST_SOFTPATH_DEEP_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flow_tables/flow.h"

namespace pointsman {

// Which datagram a fragment is part of (RFC 791, 3.2; RFC 8200, 4.5).
struct DatagramId {
  Address source;
  Address destination;
  uint32_t identification = 0;
  uint8_t protocol = 0;
  friend bool operator==(const DatagramId&, const DatagramId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const DatagramId& id) {
    return H::combine(std::move(h), id.source, id.destination, id.identification, id.protocol);
  }
};

struct DeepPacket {
  Address source;
  Address destination;
  uint8_t protocol = 0;  // TCP or UDP, and SCTP where it is quoted
  uint8_t hop_limit = 0;
  size_t packet_bytes = 0;      // from the IP header on
  size_t transport_offset = 0;  // from the start of the frame
  // Of a fragment; else offset 0 and nothing follows.
  bool is_fragment = false;
  uint32_t identification = 0;
  size_t fragment_offset_bytes = 0;
  bool more_fragments = false;
  // An IPv6 routing header still leads elsewhere than to `destination`.
  bool is_routed = false;

  bool is_v4() const { return source.is_v4(); }
  bool IsFirst() const { return fragment_offset_bytes == 0; }
  DatagramId datagram() const { return {source, destination, identification, protocol}; }
};

// Of a frame without VLAN tag. Nothing: it is neither TCP nor UDP over IP, or shorter than its
// headers say. Reads only bytes inside the frame. `whole` false: the packet may end early, as one
// quoted by an ICMP message does, and be of SCTP; `packet_bytes` are those that are there.
std::optional<DeepPacket> ParseDeep(std::span<const uint8_t> frame, bool whole = true);

// Who talks to whom. Nothing: a fragment that is not the first, or a first one that ends before the
// checksum of its TCP or UDP header.
std::optional<FlowKey> KeyOf(std::span<const uint8_t> frame, const DeepPacket& packet);

// The headers of the packet in a frame without options, extension headers, fragments and payload,
// lengths as they are then: as though the sender had sent them so. REQUIRES: KeyOf gives a key. A
// TCP header that is not whole is filled up with zeros.
std::vector<uint8_t> PlainHeaders(std::span<const uint8_t> frame, const DeepPacket& packet);

// Makes `to` of the packet: MAC addresses of the hop, addresses, hop limit less one, and in a first
// fragment or whole packet ports and checksum (RFC 1624: what was wrong stays wrong). REQUIRES:
// `frame` parsed as `packet`, whose hop limit is 2 or more; `to` is of the same family.
void TranslateDeep(std::span<uint8_t> frame, const DeepPacket& packet, const FlowKey& to,
                   const NextHop& hop);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_DEEP_PACKET_H_
