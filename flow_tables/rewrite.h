// Step 5 of docs/card.md: what a translation makes of a frame's headers. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_REWRITE_H_
#define POINTSMAN_FLOW_TABLES_REWRITE_H_

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/family.h"
#include "flow_tables/tunnel.h"
#include "flow_tables/types.h"

namespace pointsman {

// A translation of packets of one tuple, and what it adds to their checksums: that is the same for
// all of them, because a TTL one less adds the same to the header's whatever the TTL was.
template <class Family>
struct RewriteAs {
  typename Family::To to;
  uint16_t header_sum = 0;     // of addresses and TTL; 0 where the header has no checksum
  uint16_t transport_sum = 0;  // of addresses and ports
  friend bool operator==(const RewriteAs&, const RewriteAs&) = default;
};
using Rewrite = RewriteAs<Ipv4>;

// A row of next-hops as frames need it.
struct alignas(32) Hop {
  std::array<uint8_t, 12> macs{};  // of the destination, then of the source, as on the wire
  Port egress = Port::kUplink;
  bool valid = false;
  bool plain = false;  // valid, and without a tunnel
  TunnelEnd tunnel{};  // its address is 0.0.0.0: none; else `macs` are of the frame inside
};

inline Hop MakeHop(const NextHopRow& row, const Tunnel& tunnel) {
  Hop hop{.egress = row.egress, .valid = row.valid, .plain = row.valid && row.vxlan_address == 0};
  StoreBe48(hop.macs.data(), row.destination_mac);
  StoreBe48(hop.macs.data() + 6, row.source_mac);
  if (row.vxlan_address == 0) return hop;
  hop.tunnel = {hop.macs, {row.vxlan_address}};
  StoreBe48(hop.macs.data(), row.vxlan_mac);
  StoreBe48(hop.macs.data() + 6, tunnel.mac.value);
  return hop;
}

namespace internal {

constexpr uint32_t Ports(uint16_t source, uint16_t destination) {
  return uint32_t{source} << 16 | destination;
}

}  // namespace internal

template <class Family>
constexpr RewriteAs<Family> MakeRewrite(const typename Family::Key& tuple,
                                        const typename Family::To& to) {
  ChecksumDelta addresses;
  addresses.Replace(tuple.source_address, to.new_source_address);
  addresses.Replace(tuple.destination_address, to.new_destination_address);
  RewriteAs<Family> rewrite{.to = to};
  if constexpr (Family::kHeaderHasChecksum) {
    ChecksumDelta header = addresses;
    constexpr uint16_t kSomeTtlAndProtocol = 0x0206;
    header.Replace16(kSomeTtlAndProtocol, kSomeTtlAndProtocol - 0x0100);
    rewrite.header_sum = header.Folded();
  }
  ChecksumDelta transport = addresses;
  transport.Replace(internal::Ports(tuple.source_port, tuple.destination_port),
                    internal::Ports(to.new_source_port, to.new_destination_port));
  rewrite.transport_sum = transport.Folded();
  return rewrite;
}

// Changes a frame of the tuple that `rewrite` was made for; `tcp`: else UDP. Its VLAN tag, if it
// has one of `tag_bytes`, stays. REQUIRES: the frame parsed as ParseKind::kTuple, and its TTL is 2
// or more.
template <class Family>
inline void RewriteFrame(uint8_t* macs, size_t tag_bytes, bool tcp,
                         const RewriteAs<Family>& rewrite, const Hop& hop) {
  uint8_t* frame = macs + tag_bytes;
  if constexpr (Family::kHeaderHasChecksum) {
    uint8_t* header = frame + kIpv4ChecksumOffset;
    StoreBe16(header, AddToChecksum(LoadBe16(header), rewrite.header_sum));
  }
  uint8_t* segment = frame + Family::kTransport;
  uint8_t* checksum = segment + (tcp ? kTcpChecksumInHeader : kUdpChecksumInHeader);
  const uint16_t old = LoadBe16(checksum);
  uint16_t updated = AddToChecksum(old, rewrite.transport_sum);
  if (!tcp && updated == 0) updated = 0xffff;
  if (tcp || old != 0) StoreBe16(checksum, updated);

  const auto& to = rewrite.to;
  std::memcpy(macs + kDestinationMacOffset, hop.macs.data(), hop.macs.size());
  --frame[Family::kHopLimit];
  Family::StoreAddresses(to, frame + Family::kSource);
  StoreBe32(segment, std::rotl(uint32_t{to.new_destination_port} << 16 | to.new_source_port, 16));
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_REWRITE_H_
