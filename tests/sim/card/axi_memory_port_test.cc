#include "sim/card/axi_memory_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kBase = kMemoryBanks[0].base;

// The card's side of the port as plain variables; one Clock() is one cycle.
class AxiMemoryPortTest : public testing::Test {
 protected:
  static constexpr uint32_t kLatencyCycles = 10;

  void Clock() {
    port_.Sample(cycle_);
    port_.Drive(++cycle_);
  }

  // Offers a read until it is accepted.
  void RequestRead(uint64_t address, uint8_t length) {
    araddr_ = address;
    arlen_ = length;
    arvalid_ = 1;
    while (!arready_) Clock();
    Clock();
    arvalid_ = 0;
  }

  void RequestWrite(uint64_t address, uint8_t length) {
    awaddr_ = address;
    awlen_ = length;
    awvalid_ = 1;
    while (!awready_) Clock();
    Clock();
    awvalid_ = 0;
  }

  uint64_t awaddr_ = 0, wstrb_ = ~uint64_t{0}, araddr_ = 0;
  uint8_t awlen_ = 0, awsize_ = 6, awburst_ = 1, awvalid_ = 0, awready_ = 0;
  uint8_t wlast_ = 0, wvalid_ = 0, wready_ = 0, bresp_ = 0, bvalid_ = 0, bready_ = 1;
  uint8_t arlen_ = 0, arsize_ = 6, arburst_ = 1, arvalid_ = 0, arready_ = 0;
  uint8_t rresp_ = 0, rlast_ = 0, rvalid_ = 0, rready_ = 1;
  uint32_t wdata_[16] = {}, rdata_[16] = {};

  CardMemory memory_{kMemoryBanks};
  Fault fault_;
  uint64_t cycle_ = 0;
  AxiMemoryPort port_{{&awaddr_, &awlen_, &awsize_, &awburst_, &awvalid_, &awready_, wdata_,
                       &wstrb_,  &wlast_, &wvalid_, &wready_,  &bresp_,   &bvalid_,  &bready_,
                       &araddr_, &arlen_, &arsize_, &arburst_, &arvalid_, &arready_, rdata_,
                       &rresp_,  &rlast_, &rvalid_, &rready_},
                      memory_,
                      fault_,
                      kLatencyCycles};
};

TEST_F(AxiMemoryPortTest, ReadsABurstOneBeatAClockAfterTheLatency) {
  for (uint8_t i = 0; i < 4; ++i) {
    const std::vector<uint8_t> line(kBeatBytes, i);
    ASSERT_TRUE(memory_.Write(kBase + i * kBeatBytes, line).ok());
  }
  RequestRead(kBase, 3);
  const uint64_t accepted = cycle_;
  while (!rvalid_) Clock();
  EXPECT_EQ(cycle_ - accepted, kLatencyCycles - 1);
  for (uint8_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(rvalid_);
    EXPECT_EQ(rdata_[15], 0x01010101u * i);
    EXPECT_EQ(rlast_, i == 3);
    Clock();
  }
  EXPECT_FALSE(rvalid_);
  EXPECT_TRUE(port_.idle());
  EXPECT_TRUE(fault_.status().ok());
}

TEST_F(AxiMemoryPortTest, HoldsTheBeatWhileItIsNotTaken) {
  const std::vector<uint8_t> before(kBeatBytes, 1);
  const std::vector<uint8_t> after(kBeatBytes, 2);
  ASSERT_TRUE(memory_.Write(kBase, before).ok());
  rready_ = 0;
  RequestRead(kBase, 0);
  while (!rvalid_) Clock();
  ASSERT_TRUE(memory_.Write(kBase, after).ok());
  for (int i = 0; i < 5; ++i) Clock();
  EXPECT_TRUE(rvalid_);
  EXPECT_EQ(rdata_[0], 0x01010101u);
}

TEST_F(AxiMemoryPortTest, WritesWithStrobesAndAnswers) {
  RequestWrite(kBase + kBeatBytes, 1);
  for (int beat = 0; beat < 2; ++beat) {
    std::fill(std::begin(wdata_), std::end(wdata_), 0x11111111u * (beat + 1));
    wstrb_ = beat == 0 ? ~uint64_t{0} : 0xf0;
    wlast_ = beat == 1;
    wvalid_ = 1;
    ASSERT_TRUE(wready_);
    Clock();
  }
  wvalid_ = 0;
  const uint64_t written = cycle_;
  while (!bvalid_) Clock();
  EXPECT_EQ(cycle_ - written, kLatencyCycles - 1);
  Clock();
  EXPECT_FALSE(bvalid_);
  std::vector<uint8_t> read(2 * kBeatBytes);
  ASSERT_TRUE(memory_.Read(kBase + kBeatBytes, absl::MakeSpan(read)).ok());
  std::vector<uint8_t> expected(2 * kBeatBytes, CardMemory::kNeverWritten);
  std::fill_n(expected.begin(), kBeatBytes, 0x11);
  std::fill_n(expected.begin() + kBeatBytes + 4, 4, 0x22);
  EXPECT_EQ(read, expected);
  EXPECT_TRUE(fault_.status().ok());
}

TEST_F(AxiMemoryPortTest, BackToBackBurstsLeaveNoClockUnused) {
  RequestRead(kBase, 1);
  RequestRead(kBase + 0x1000, 1);
  while (!rvalid_) Clock();
  int beats = 0;
  while (rvalid_) {
    ++beats;
    Clock();
  }
  EXPECT_EQ(beats, 4);
}

TEST_F(AxiMemoryPortTest, ReportsWhatAxiForbids) {
  struct Case {
    const char* what;
    uint64_t address;
    uint8_t length, size, burst;
  };
  constexpr Case kCases[] = {
      {"crosses a 4 KiB border", kBase + 0xfc0, 1, 6, 1},
      {"size is not 64 bytes", kBase, 0, 5, 1},
      {"not INCR", kBase, 0, 6, 2},
      {"not a multiple of 64", kBase + 32, 0, 6, 1},
      {"in no memory bank", 0x40, 0, 6, 1},
  };
  for (const Case& c : kCases) {
    fault_ = Fault();
    arsize_ = c.size;
    arburst_ = c.burst;
    RequestRead(c.address, c.length);
    EXPECT_THAT(std::string(fault_.status().message()), HasSubstr(c.what));
  }
}

TEST_F(AxiMemoryPortTest, ReportsAWrongLast) {
  RequestWrite(kBase, 1);
  wlast_ = 1;
  wvalid_ = 1;
  Clock();
  EXPECT_THAT(std::string(fault_.status().message()), HasSubstr("wlast is 1 in beat 1 of 2"));
}

TEST_F(AxiMemoryPortTest, ReportsARequestThatChangesBeforeItIsAccepted) {
  arvalid_ = 1;
  araddr_ = kBase;
  ASSERT_FALSE(arready_);  // the first clock after reset
  Clock();
  araddr_ = kBase + kBeatBytes;
  Clock();
  EXPECT_THAT(std::string(fault_.status().message()), HasSubstr("changed or went away"));
}

}  // namespace
}  // namespace pointsman
