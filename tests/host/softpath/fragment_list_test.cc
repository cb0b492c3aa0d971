#include "host/softpath/fragment_list.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

constexpr absl::Time kStart = absl::UnixEpoch();
const std::vector<uint8_t> kFrame(100, 1);

DatagramId Id(uint32_t identification) {
  return {.source = Ipv4Address{1},
          .destination = Ipv4Address{2},
          .identification = identification,
          .protocol = 17};
}

TEST(FragmentListTest, WhatCameBeforeTheFirstIsReleasedInOrder) {
  FragmentList list;
  EXPECT_EQ(list.Find(Id(1), kStart), nullptr);
  for (uint8_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(list.Hold(Id(1), Port::kNode, std::vector<uint8_t>(10, i), kStart));
  }
  EXPECT_EQ(list.held_bytes(), 30u);
  const auto released = list.Learn(Id(1), {.translated = true, .to = {}, .hop = {}}, kStart);
  ASSERT_EQ(released.size(), 3u);
  for (uint8_t i = 0; i < 3; ++i) EXPECT_EQ(released[i].frame, std::vector<uint8_t>(10, i));
  EXPECT_EQ(list.held_bytes(), 0u);
  ASSERT_NE(list.Find(Id(1), kStart), nullptr);
  EXPECT_TRUE(list.Find(Id(1), kStart)->translated);
  EXPECT_EQ(list.Find(Id(2), kStart), nullptr);
}

TEST(FragmentListTest, IsBoundedInFramesBytesAndDatagrams) {
  FragmentList list({.datagrams = 2, .frames_of_one = 2, .held_bytes = 350});
  EXPECT_TRUE(list.Hold(Id(1), Port::kNode, kFrame, kStart));
  EXPECT_TRUE(list.Hold(Id(1), Port::kNode, kFrame, kStart));
  EXPECT_FALSE(list.Hold(Id(1), Port::kNode, kFrame, kStart));
  EXPECT_TRUE(list.Hold(Id(2), Port::kNode, kFrame, kStart));
  EXPECT_FALSE(list.Hold(Id(2), Port::kNode, kFrame, kStart));
  EXPECT_TRUE(list.Hold(Id(3), Port::kNode, kFrame, kStart));  // the oldest makes room
  EXPECT_EQ(list.datagrams(), 2u);
  EXPECT_EQ(list.held_bytes(), 200u);
  EXPECT_TRUE(list.Learn(Id(1), {}, kStart).empty());
}

TEST(FragmentListTest, ForgetsAfterItsTime) {
  FragmentList list;
  list.Hold(Id(1), Port::kNode, kFrame, kStart);
  list.Learn(Id(2), {}, kStart + absl::Seconds(10));
  EXPECT_NE(list.Find(Id(2), kStart + absl::Seconds(39)), nullptr);
  EXPECT_EQ(list.datagrams(), 1u);
  EXPECT_EQ(list.held_bytes(), 0u);
  EXPECT_EQ(list.Find(Id(2), kStart + absl::Seconds(40)), nullptr);
  EXPECT_EQ(list.datagrams(), 0u);
}

}  // namespace
}  // namespace pointsman
