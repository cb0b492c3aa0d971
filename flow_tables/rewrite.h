// Step 5 of docs/card.md: what a translation makes of a frame's headers. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_REWRITE_H_
#define POINTSMAN_FLOW_TABLES_REWRITE_H_

#include <array>
#include <cstdint>
#include <cstring>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "flow_tables/types.h"

namespace pointsman {

// A translation of packets of one tuple, and what it adds to their checksums: that is the same for
// all of them, because a TTL one less adds the same to the header's whatever the TTL was.
struct Rewrite {
  Translation to;
  uint16_t header_sum = 0;     // of addresses and TTL
  uint16_t transport_sum = 0;  // of addresses and ports
  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

// A row of next-hops as frames need it.
struct alignas(16) Hop {
  std::array<uint8_t, 12> macs{};  // of the destination, then of the source, as on the wire
  Port egress = Port::kUplink;
  bool valid = false;
};

inline Hop MakeHop(const NextHopRow& row) {
  Hop hop{.egress = row.egress, .valid = row.valid};
  StoreBe48(hop.macs.data(), row.destination_mac);
  StoreBe48(hop.macs.data() + 6, row.source_mac);
  return hop;
}

namespace internal {

constexpr uint32_t Ports(uint16_t source, uint16_t destination) {
  return uint32_t{source} << 16 | destination;
}

}  // namespace internal

constexpr Rewrite MakeRewrite(const Tuple& tuple, const Translation& to) {
  ChecksumDelta addresses;
  addresses.Replace(tuple.source_address, to.new_source_address);
  addresses.Replace(tuple.destination_address, to.new_destination_address);
  ChecksumDelta header = addresses;
  constexpr uint16_t kSomeTtlAndProtocol = 0x0206;
  header.Replace16(kSomeTtlAndProtocol, kSomeTtlAndProtocol - 0x0100);
  ChecksumDelta transport = addresses;
  transport.Replace(internal::Ports(tuple.source_port, tuple.destination_port),
                    internal::Ports(to.new_source_port, to.new_destination_port));
  return {.to = to, .header_sum = header.Folded(), .transport_sum = transport.Folded()};
}

// Changes a frame of the tuple that `rewrite` was made for; `tcp`: else UDP. Its VLAN tag, if it
// has one of `tag_bytes`, stays. REQUIRES: the frame parsed as ParseKind::kTuple, and its TTL is 2
// or more.
inline void RewriteFrame(uint8_t* macs, size_t tag_bytes, bool tcp, const Rewrite& rewrite,
                         const Hop& hop) {
  uint8_t* frame = macs + tag_bytes;
  uint8_t* header = frame + kIpv4ChecksumOffset;
  StoreBe16(header, AddToChecksum(LoadBe16(header), rewrite.header_sum));
  uint8_t* transport = frame + (tcp ? kTcpChecksumOffset : kUdpChecksumOffset);
  const uint16_t old = LoadBe16(transport);
  uint16_t updated = AddToChecksum(old, rewrite.transport_sum);
  if (!tcp && updated == 0) updated = 0xffff;
  if (tcp || old != 0) StoreBe16(transport, updated);

  const Translation& to = rewrite.to;
  std::memcpy(macs + kDestinationMacOffset, hop.macs.data(), hop.macs.size());
  --frame[kTtlOffset];
  StoreBe32(frame + kSourceAddressOffset, to.new_source_address);
  StoreBe32(frame + kDestinationAddressOffset, to.new_destination_address);
  StoreBe32(frame + kSourcePortOffset,
            internal::Ports(to.new_source_port, to.new_destination_port));
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_REWRITE_H_
