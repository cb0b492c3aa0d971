#include "flow_tables/tunnel.h"

#include <gtest/gtest.h>

#include <vector>

#include "flow_tables/big_endian.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Tunnel kOurs{
    .address = {0xc0a80002}, .port = 8472, .vni = 0xabcdef, .mac = {0x0200000000f1}};

FrameBytes Whole(const FrameBytes& inside) {
  FrameBytes whole(kTunnelBytes + inside.size());
  std::ranges::copy(inside, whole.begin() + kTunnelBytes);
  Tunnel theirs = kOurs;
  theirs.address = {0xc0a80003};
  WriteTunnelHeaders(whole.data(), theirs,
                     {.macs = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, .address = kOurs.address},
                     {.frame_bytes = inside.size(), .tos = 0xb8, .flow_port = 0xc001});
  return whole;
}

TEST(TunnelTest, HeadersSayWhatTheStandardsSay) {
  const FrameBytes inside = BuildTcp({.payload = FrameBytes(100)});
  const FrameBytes whole = Whole(inside);
  EXPECT_TRUE(ChecksumsAreRight(whole));
  EXPECT_EQ(whole[kTosOffset], 0xb8);
  EXPECT_EQ(LoadBe16(&whole[kTotalLengthOffset]), whole.size() - kIpv4Offset);
  EXPECT_EQ(LoadBe16(&whole[kFragmentOffset]), 0x4000);
  EXPECT_EQ(LoadBe32(&whole[kSourceAddressOffset]), 0xc0a80003u);
  EXPECT_EQ(LoadBe32(&whole[kDestinationAddressOffset]), 0xc0a80002u);
  EXPECT_EQ(LoadBe16(&whole[kSourcePortOffset]), 0xc001);
  EXPECT_EQ(LoadBe16(&whole[kDestinationPortOffset]), 8472);
  EXPECT_EQ(LoadBe16(&whole[kUdpLengthOffset]), whole.size() - kTransportOffset);
  EXPECT_EQ(LoadBe16(&whole[kUdpChecksumOffset]), 0);
  // RFC 7348, section 5: flags with I set, 24 reserved bits, VNI, 8 reserved bits.
  EXPECT_EQ(LoadBe32(&whole[42]), 0x08000000u);
  EXPECT_EQ(LoadBe32(&whole[46]), 0xabcdef00u);
  EXPECT_TRUE(std::equal(inside.begin(), inside.end(), whole.begin() + kTunnelBytes));
}

TEST(TunnelTest, FramesAreTakenFromTheUplinkOnly) {
  const FrameBytes whole = Whole(BuildTcp({}));
  EXPECT_EQ(TunnelBytes(whole, Port::kUplink, kOurs), kTunnelBytes);
  EXPECT_EQ(TunnelBytes(whole, Port::kNode, kOurs), 0u);
  EXPECT_EQ(TunnelBytes(whole, Port::kUplink, Tunnel{}), 0u);
  EXPECT_EQ(TunnelBytes(BuildUdp({}), Port::kUplink, kOurs), 0u);
}

TEST(TunnelTest, LengthsAreLookedAt) {
  FrameBytes whole = Whole(FrameBytes(14));
  EXPECT_EQ(TunnelBytes(whole, Port::kUplink, kOurs), kTunnelBytes);
  whole.push_back(0);  // padding
  EXPECT_EQ(TunnelBytes(whole, Port::kUplink, kOurs), kTunnelBytes);
  whole.resize(kTunnelBytes + 13);
  EXPECT_EQ(TunnelBytes(whole, Port::kUplink, kOurs), 0u);
  EXPECT_EQ(TunnelBytes(Whole(FrameBytes(13)), Port::kUplink, kOurs), 0u);
  FrameBytes other_udp_length = Whole(BuildTcp({}));
  ++other_udp_length[kUdpLengthOffset + 1];
  EXPECT_EQ(TunnelBytes(other_udp_length, Port::kUplink, kOurs), 0u);
}

}  // namespace
}  // namespace pointsman
