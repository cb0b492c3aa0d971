#include "flow_tables/tunnel.h"

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"

namespace pointsman {
namespace {

constexpr size_t kOuterBytes = kTunnelBytes - kIpv4Offset;  // IPv4, UDP and VXLAN
constexpr size_t kVxlanFlagsOffset = 42;
constexpr size_t kVniOffset = 46;  // three bytes
constexpr uint8_t kVniIsValid = 0x08;
constexpr uint16_t kDoNotFragment = 0x4000;
constexpr uint8_t kOuterTtl = 64;
constexpr uint8_t kUdp = static_cast<uint8_t>(Protocol::kUdp);

bool IsForTunnel(const uint8_t* frame, const Tunnel& tunnel) {
  const uint16_t fragment = LoadBe16(frame + kFragmentOffset);
  return LoadBe16(frame + kEtherTypeOffset) == kEtherTypeIpv4 && frame[kIpv4Offset] == 0x45 &&
         frame[kProtocolOffset] == kUdp && (fragment & (kMoreFragments | kFragmentPosition)) == 0 &&
         LoadBe32(frame + kDestinationAddressOffset) == tunnel.address.value &&
         LoadBe16(frame + kDestinationPortOffset) == tunnel.port &&
         (frame[kVxlanFlagsOffset] & kVniIsValid) != 0 &&
         LoadBe32(frame + kVniOffset) >> 8 == tunnel.vni;
}

}  // namespace

bool internal::CameThrough(std::span<const uint8_t> frame, const Tunnel& tunnel) {
  if (frame.size() < kTunnelBytes + kIpv4Offset || !IsForTunnel(frame.data(), tunnel)) return false;
  const size_t total_bytes = LoadBe16(frame.data() + kTotalLengthOffset);
  const size_t udp_bytes = LoadBe16(frame.data() + kUdpLengthOffset);
  return total_bytes <= frame.size() - kIpv4Offset &&
         total_bytes == ((udp_bytes + kIpv4HeaderBytes) & 0xffff) &&
         total_bytes >= kOuterBytes + kIpv4Offset;
}

void WriteTunnelHeaders(uint8_t* outer, const Tunnel& tunnel, const TunnelEnd& end,
                        const TunnelPacket& packet) {
  const auto total_bytes = static_cast<uint16_t>(packet.frame_bytes + kOuterBytes);
  std::fill_n(outer, kTunnelBytes, uint8_t{0});
  std::ranges::copy(end.macs, outer);
  StoreBe16(outer + kEtherTypeOffset, kEtherTypeIpv4);
  outer[kIpv4Offset] = 0x45;
  outer[kTosOffset] = packet.tos;
  StoreBe16(outer + kTotalLengthOffset, total_bytes);
  StoreBe16(outer + kFragmentOffset, kDoNotFragment);
  outer[kTtlOffset] = kOuterTtl;
  outer[kProtocolOffset] = kUdp;
  StoreBe32(outer + kSourceAddressOffset, tunnel.address.value);
  StoreBe32(outer + kDestinationAddressOffset, end.address.value);
  StoreBe16(outer + kIpv4ChecksumOffset, InternetChecksum({outer + kIpv4Offset, kIpv4HeaderBytes}));
  StoreBe16(outer + kSourcePortOffset, packet.flow_port);
  StoreBe16(outer + kDestinationPortOffset, tunnel.port);
  StoreBe16(outer + kUdpLengthOffset, static_cast<uint16_t>(total_bytes - kIpv4HeaderBytes));
  outer[kVxlanFlagsOffset] = kVniIsValid;
  StoreBe32(outer + kVniOffset, tunnel.vni << 8);
}

}  // namespace pointsman
