// The simulated card around the test double, without XRT.
#include "sim/card/simulated_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/card/verilated_model.h"
#include "tests/sim/card/loopback_card.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kBank = kMemoryBanks[0].base;

class SimulatedCardTest : public testing::Test {
 protected:
  void Open(SimulatedCardOptions options = {}) {
    auto uplink = std::make_unique<QueueWire>();
    auto node = std::make_unique<QueueWire>();
    uplink_ = uplink.get();
    node_ = node.get();
    options.uplink = std::move(uplink);
    options.node = std::move(node);
    auto card = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = *std::move(card);
  }

  uint32_t Read(uint32_t offset) {
    const auto value = card_->ReadRegister(offset);
    EXPECT_TRUE(value.ok()) << value.status();
    return value.value_or(~0u);
  }
  void Write(uint32_t offset, uint32_t value) {
    const absl::Status status = card_->WriteRegister(offset, value);
    EXPECT_TRUE(status.ok()) << status;
  }

  // Asks the double to copy lines; it does so while the card is clocked.
  absl::Status StartCopy(uint64_t from, uint64_t to, uint32_t lines) {
    Write(loopback::kCopyFrom, static_cast<uint32_t>(from));
    Write(loopback::kCopyFrom + 4, static_cast<uint32_t>(from >> 32));
    Write(loopback::kCopyTo, static_cast<uint32_t>(to));
    Write(loopback::kCopyTo + 4, static_cast<uint32_t>(to >> 32));
    Write(loopback::kCopyLines, lines);
    return card_->WriteRegister(loopback::kCopyStart, 1);
  }

  std::unique_ptr<SimulatedCard> card_;
  QueueWire* uplink_ = nullptr;  // both owned by card_
  QueueWire* node_ = nullptr;
};

TEST_F(SimulatedCardTest, RegistersKeepWhatIsWritten) {
  Open();
  EXPECT_EQ(Read(loopback::kMagic), loopback::kMagicValue);
  for (uint32_t i = 0; i < 16; ++i) Write(loopback::kScratch + 4 * i, 0xa0000000 + i);
  for (uint32_t i = 0; i < 16; ++i) EXPECT_EQ(Read(loopback::kScratch + 4 * i), 0xa0000000 + i);
}

TEST_F(SimulatedCardTest, TimePassesByRunAndByAccesses) {
  Open();
  const uint32_t before = Read(loopback::kClockCount);
  ASSERT_TRUE(card_->Run(1000).ok());
  const uint32_t passed = Read(loopback::kClockCount) - before;
  EXPECT_GE(passed, 1000u);
  EXPECT_LT(passed, 1010u);
}

TEST_F(SimulatedCardTest, ABadRegisterIsAnErrorAndTheCardLivesOn) {
  Open();
  for (const uint32_t offset : {loopback::kNoRegister, 0x12u, 0x10000u, 0xfffffffcu}) {
    EXPECT_EQ(card_->ReadRegister(offset).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(card_->WriteRegister(offset, 1).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Read(loopback::kMagic), loopback::kMagicValue);
}

TEST_F(SimulatedCardTest, TheCardReadsAndWritesTheMemory) {
  Open();
  std::vector<uint8_t> pattern(64 * kBeatBytes);
  for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<uint8_t>(i * 7 + i / 256);
  ASSERT_TRUE(card_->memory().Write(kBank, pattern).ok());
  ASSERT_TRUE(StartCopy(kBank, kBank + 0x10000, 64).ok());
  ASSERT_TRUE(card_->Run(1000).ok());
  EXPECT_EQ(Read(loopback::kCopyStart), 0u);
  std::vector<uint8_t> copy(pattern.size());
  ASSERT_TRUE(card_->memory().Read(kBank + 0x10000, absl::MakeSpan(copy)).ok());
  EXPECT_EQ(copy, pattern);
}

TEST_F(SimulatedCardTest, FramesCrossInBothDirections) {
  Open();
  std::vector<Frame> frames;
  for (size_t size = 60; size < 1600; size += 11) {
    frames.push_back({std::vector<uint8_t>(size, static_cast<uint8_t>(size))});
  }
  uplink_->to_card.assign(frames.begin(), frames.end());
  node_->to_card.assign(frames.rbegin(), frames.rend());
  ASSERT_TRUE(card_->Run(10'000).ok());
  ASSERT_EQ(node_->from_card.size(), frames.size());
  ASSERT_EQ(uplink_->from_card.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(node_->from_card[i].bytes, frames[i].bytes);
    EXPECT_EQ(uplink_->from_card[i].bytes, frames[frames.size() - 1 - i].bytes);
  }
  EXPECT_EQ(Read(loopback::kFramesCrossed), 2 * frames.size());
}

TEST_F(SimulatedCardTest, TakesAMinimumFrameInEveryClock) {
  Open();
  constexpr size_t kFrames = 5000;
  uplink_->to_card.assign(kFrames, Frame{std::vector<uint8_t>(60, 1)});
  ASSERT_TRUE(card_->Run(kFrames + 10).ok());
  ASSERT_EQ(node_->from_card.size(), kFrames);
  const uint64_t span_ns = node_->from_card.back().time_ns - node_->from_card.front().time_ns;
  EXPECT_EQ(span_ns, (kFrames - 1) * 1000 / kClockMhz);
}

TEST_F(SimulatedCardTest, AFrameAtLineRatePaysForItsOverhead) {
  SimulatedCardOptions options;
  options.line_rate_gbps = 100;
  Open(std::move(options));
  uplink_->to_card.assign(1000, Frame{std::vector<uint8_t>(60, 1)});
  ASSERT_TRUE(card_->Run(2500).ok());
  ASSERT_EQ(node_->from_card.size(), 1000u);
  const uint64_t span_ns = node_->from_card.back().time_ns - node_->from_card.front().time_ns;
  EXPECT_NEAR(span_ns, 999 * 6.72, 10);
}

TEST_F(SimulatedCardTest, IsIdleOnlyWhenNothingMoves) {
  Open();
  ASSERT_TRUE(card_->Run(20'000).ok());
  EXPECT_TRUE(card_->idle());
  Read(loopback::kMagic);
  EXPECT_FALSE(card_->idle());
}

// What goes wrong, and what the fault says.
TEST_F(SimulatedCardTest, AHangIsAnErrorThatStays) {
  Open();
  Write(loopback::kMisbehave, loopback::kHang);
  const auto value = card_->ReadRegister(loopback::kMagic);
  EXPECT_EQ(value.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(value.status().message()),
              HasSubstr("read of register 0x0 waits for s_axi_control_arready"));
  const uint64_t cycles = card_->cycles();
  EXPECT_EQ(card_->WriteRegister(loopback::kScratch, 1), value.status());
  EXPECT_EQ(card_->Run(100), value.status());
  EXPECT_EQ(card_->cycles(), cycles);
}

TEST_F(SimulatedCardTest, AUsedUpBudgetIsAHang) {
  SimulatedCardOptions options;
  options.cycle_budget = 5000;
  Open(std::move(options));
  EXPECT_TRUE(card_->Run(4999).ok());
  const absl::Status status = card_->Run(4999);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("5000 cycles"));
  EXPECT_EQ(card_->cycles(), 5000u);
}

TEST_F(SimulatedCardTest, AFailedAssertionIsAFaultWithItsMessage) {
  Open();
  EXPECT_THAT(
      std::string(card_->WriteRegister(loopback::kMisbehave, loopback::kFailAssertion).message()),
      HasSubstr("register 0x98 asked for a failed assertion"));
}

TEST_F(SimulatedCardTest, FinishIsAFault) {
  Open();
  EXPECT_THAT(std::string(card_->WriteRegister(loopback::kMisbehave, loopback::kFinish).message()),
              HasSubstr("$finish"));
}

TEST_F(SimulatedCardTest, AGapInAFrameIsAFault) {
  Open();
  Write(loopback::kMisbehave, loopback::kGapsToNode);
  uplink_->to_card.push_back({std::vector<uint8_t>(200, 1)});
  EXPECT_THAT(std::string(card_->Run(1000).message()),
              HasSubstr("m_axis_node_tx: tvalid has a gap"));
}

TEST_F(SimulatedCardTest, ABurstOverABorderIsAFault) {
  Open();
  Write(loopback::kMisbehave, loopback::kCrossBorder);
  StartCopy(kBank, kBank + 0x10000, 2).IgnoreError();  // the fault may come before its answer
  EXPECT_THAT(std::string(card_->Run(1000).message()), HasSubstr("crosses a 4 KiB border"));
}

TEST_F(SimulatedCardTest, ABrokenWireIsAFault) {
  class BrokenWire : public QueueWire {
    absl::Status Receive(size_t, std::vector<Frame>&) override {
      return absl::DataLossError("in.pcap: frame 7: truncated");
    }
  };
  SimulatedCardOptions options;
  options.uplink = std::make_unique<BrokenWire>();
  auto card = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
  ASSERT_TRUE(card.ok());
  EXPECT_EQ((*card)->Run(10).code(), absl::StatusCode::kDataLoss);
}

TEST_F(SimulatedCardTest, WritesAWaveform) {
  const std::string path = testing::TempDir() + "simulated_card_test.fst";
  std::filesystem::remove(path);
  SimulatedCardOptions options;
  options.waveform_path = path;
  Open(std::move(options));
  ASSERT_TRUE(card_->Run(1000).ok());
  card_.reset();
  EXPECT_GT(std::filesystem::file_size(path), 1000u);
}

TEST_F(SimulatedCardTest, AWaveformThatCannotBeWrittenIsNamed) {
  SimulatedCardOptions options;
  options.waveform_path = "/nowhere/card.fst";
  const auto card = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
  EXPECT_THAT(std::string(card.status().message()), HasSubstr("/nowhere/card.fst"));
}

}  // namespace
}  // namespace pointsman
