#include "host/softpath/cut_up.h"

#include <gtest/gtest.h>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

FrameBytes Datagram(size_t payload, Ipv4Spec ip = {.fragment = 0}) {
  return BuildUdp({.ip = std::move(ip), .payload = std::vector<uint8_t>(payload, 0x42)});
}

TEST(CutUpTest, PiecesAreShortEnoughAndMakeTheWhole) {
  const FrameBytes frame = Datagram(3001);
  for (const size_t mtu : {28, 68, 1280, 1499, 3028}) {
    const auto pieces = CutUp(frame, mtu);
    ASSERT_FALSE(pieces.empty()) << mtu;
    FrameBytes body;
    for (const auto& piece : pieces) {
      EXPECT_LE(piece.size() - kIpv4Offset, mtu);
      EXPECT_EQ(InternetChecksum(std::span(piece).subspan(kIpv4Offset, kIpv4HeaderBytes)), 0);
      const uint16_t field = LoadBe16(&piece[kFragmentOffset]);
      EXPECT_EQ((field & kFragmentPosition) * 8u, body.size());
      EXPECT_EQ((field & kMoreFragments) != 0, &piece != &pieces.back());
      body.insert(body.end(), piece.begin() + kTransportOffset, piece.end());
    }
    EXPECT_TRUE(
        std::equal(body.begin(), body.end(), frame.begin() + kTransportOffset, frame.end()));
  }
}

TEST(CutUpTest, AFragmentIsCutUpWhereItStands) {
  const auto pieces = CutUp(Datagram(3000, {.fragment = 0x2000 | 100}), 1280);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(LoadBe16(&pieces[0][kFragmentOffset]), 0x2000 | 100);
  EXPECT_EQ(LoadBe16(&pieces[2][kFragmentOffset]) & kMoreFragments, kMoreFragments);
  EXPECT_EQ(LoadBe16(&pieces[1][kFragmentOffset]) & kFragmentPosition, 100 + 1256 / 8);
  EXPECT_TRUE(CutUp(Datagram(3000, {.fragment = 0x1fff}), 1280).empty());
}

// RFC 791, 3.1: only options with the copied flag are in every fragment.
TEST(CutUpTest, OptionsThatAreNotToBeCopiedStayInTheFirst) {
  const std::vector<uint8_t> options = {0x94, 4, 0, 0, 0x07, 3, 4, 0};
  const auto pieces = CutUp(Datagram(100, {.fragment = 0, .options = options}), 68);
  ASSERT_GE(pieces.size(), 2u);
  const auto of = [](const std::vector<uint8_t>& piece) {
    return std::vector<uint8_t>(piece.begin() + 34, piece.begin() + 42);
  };
  EXPECT_EQ(of(pieces[0]), options);
  EXPECT_EQ(of(pieces[1]), (std::vector<uint8_t>{0x94, 4, 0, 0, 1, 1, 1, 0}));
}

TEST(CutUpTest, WhatMustStayWholeIsNotCutUp) {
  EXPECT_TRUE(CutUp(Datagram(3000, {.fragment = 0x4000}), 1280).empty());
  EXPECT_TRUE(CutUp(Datagram(3000), 27).empty());
  FrameBytes wrong = Datagram(3000);
  wrong[kIpv4ChecksumOffset] ^= 1;
  EXPECT_TRUE(CutUp(wrong, 1280).empty());
}

}  // namespace
}  // namespace pointsman
