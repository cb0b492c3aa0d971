#include "sim/card/stream_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

// One port's wires between the two halves: what goes in comes out.
struct Lane {
  uint32_t tdata[16] = {};
  uint64_t tkeep = 0;
  uint8_t tlast = 0, tuser = 0, tvalid = 0, tready = 0;

  StreamRxPins rx() { return {tdata, &tkeep, &tlast, &tuser, &tvalid}; }
  StreamTxPins tx() { return {tdata, &tkeep, &tlast, &tvalid, &tready}; }
};

Frame MakeFrame(size_t bytes, uint8_t first) {
  Frame frame;
  for (size_t i = 0; i < bytes; ++i) frame.bytes.push_back(static_cast<uint8_t>(first + i));
  return frame;
}

TEST(StreamPortTest, FramesSurviveTheWayThroughBeats) {
  Lane lane;
  Fault fault;
  StreamRxPort rx(lane.rx(), 0);
  StreamTxPort tx("port", lane.tx(), 0, fault);
  tx.Drive();
  const size_t sizes[] = {60, 63, 64, 65, 127, 128, 129, 1514, 9000, kMaxFrameBytes};
  size_t beats = 0;
  for (const size_t size : sizes) {
    rx.Push(MakeFrame(size, static_cast<uint8_t>(size)));
    beats += (size + kBeatBytes - 1) / kBeatBytes;
  }
  for (size_t cycle = 0; cycle < beats; ++cycle) {
    rx.Drive();
    ASSERT_TRUE(rx.active()) << "a beat in every clock";
    tx.Sample(cycle);
  }
  rx.Drive();
  EXPECT_FALSE(rx.active());
  ASSERT_EQ(tx.frames().size(), std::size(sizes));
  for (size_t i = 0; i < std::size(sizes); ++i) {
    EXPECT_EQ(tx.frames()[i].bytes, MakeFrame(sizes[i], static_cast<uint8_t>(sizes[i])).bytes);
  }
  EXPECT_TRUE(fault.status().ok());
}

TEST(StreamPortTest, ShortFramesArePaddedLikeAMacDoes) {
  Lane lane;
  StreamRxPort rx(lane.rx(), 0);
  rx.Push(MakeFrame(14, 1));
  rx.Drive();
  EXPECT_EQ(lane.tkeep, (uint64_t{1} << kMinFrameBytes) - 1);
  EXPECT_TRUE(lane.tlast);
  EXPECT_EQ(lane.tdata[4], 0u);
}

TEST(StreamPortTest, DamagedFramesAreMarkedInTheLastBeat) {
  Lane lane;
  StreamRxPort rx(lane.rx(), 0);
  Frame frame = MakeFrame(100, 0);
  frame.damaged = true;
  rx.Push(frame);
  rx.Drive();
  EXPECT_FALSE(lane.tuser);
  rx.Drive();
  EXPECT_TRUE(lane.tuser);
}

TEST(StreamPortTest, LineRateLimitsMinimumFramesTo148Million) {
  Lane lane;
  StreamRxPort rx(lane.rx(), 100);
  for (int i = 0; i < 2000; ++i) rx.Push(MakeFrame(60, 0));
  constexpr int kCycles = 3000;  // 10 us
  int frames = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    rx.Drive();
    frames += rx.active();
  }
  EXPECT_NEAR(frames, 1488, 2);
}

struct BadBeat {
  const char* what;
  uint64_t tkeep;
  bool last;
};

class BadBeatTest : public testing::TestWithParam<BadBeat> {};

TEST_P(BadBeatTest, IsAFault) {
  Lane lane;
  Fault fault;
  StreamTxPort tx("m_axis_node_tx", lane.tx(), 0, fault);
  tx.Drive();
  lane.tvalid = 1;
  lane.tkeep = GetParam().tkeep;
  lane.tlast = GetParam().last;
  tx.Sample(0);
  EXPECT_THAT(std::string(fault.status().message()), HasSubstr(GetParam().what));
  EXPECT_THAT(std::string(fault.status().message()), HasSubstr("m_axis_node_tx"));
}

INSTANTIATE_TEST_SUITE_P(StreamPort, BadBeatTest,
                         testing::Values(BadBeat{"not contiguous", 0xf0f, true},
                                         BadBeat{"not contiguous", 0xfffe, true},
                                         BadBeat{"no byte", 0, true},
                                         BadBeat{"not full", 0xffff, false}));

TEST(StreamPortTest, AGapInsideAFrameIsAFault) {
  Lane lane;
  Fault fault;
  StreamTxPort tx("m_axis_node_tx", lane.tx(), 0, fault);
  tx.Drive();
  lane.tvalid = 1;
  lane.tkeep = ~uint64_t{0};
  tx.Sample(0);
  lane.tvalid = 0;
  tx.Sample(1);
  EXPECT_THAT(std::string(fault.status().message()), HasSubstr("gap"));
}

TEST(StreamPortTest, AnEndlessFrameIsAFault) {
  Lane lane;
  Fault fault;
  StreamTxPort tx("m_axis_node_tx", lane.tx(), 0, fault);
  tx.Drive();
  lane.tvalid = 1;
  lane.tkeep = ~uint64_t{0};
  for (uint64_t cycle = 0; cycle <= kMaxFrameBytes / kBeatBytes; ++cycle) tx.Sample(cycle);
  EXPECT_THAT(std::string(fault.status().message()), HasSubstr("longer"));
}

}  // namespace
}  // namespace pointsman
