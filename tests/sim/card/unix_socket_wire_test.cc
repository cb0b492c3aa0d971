#include "sim/card/unix_socket_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/card/port_listener.h"

namespace pointsman {
namespace {

class UnixSocketWireTest : public testing::Test {
 protected:
  void SetUp() override {
    auto wire = UnixSocketWire::Open(listener_.path());
    ASSERT_TRUE(wire.ok()) << wire.status();
    wire_ = *std::move(wire);
    program_ = listener_.Accept();
    ASSERT_TRUE(program_.valid());
  }

  PortListener listener_{"unix_socket_wire_test"};
  std::unique_ptr<Wire> wire_;
  FileDescriptor program_;
};

TEST_F(UnixSocketWireTest, AMessageIsAFrame) {
  const std::vector<uint8_t> small(60, 1), jumbo(kMaxFrameBytes, 2);
  ASSERT_TRUE(SendFrame(program_, small));
  ASSERT_TRUE(SendFrame(program_, jumbo));
  std::vector<Frame> frames;
  ASSERT_TRUE(wire_->Receive(1, frames).ok());
  ASSERT_TRUE(wire_->Receive(10, frames).ok());
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].bytes, small);
  EXPECT_EQ(frames[1].bytes, jumbo);
}

TEST_F(UnixSocketWireTest, LosesNothingWhenTheProgramIsSlow) {
  constexpr int kFrames = 5000;
  for (int i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(wire_->Send({Frame{std::vector<uint8_t>(1500, static_cast<uint8_t>(i))}}).ok());
  }
  std::vector<Frame> none;
  for (int i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(wire_->Receive(1, none).ok());  // gives the waiting frames another chance
    const std::vector<uint8_t> frame = TakeFrame(program_);
    ASSERT_EQ(frame, std::vector<uint8_t>(1500, static_cast<uint8_t>(i))) << i;
  }
}

TEST_F(UnixSocketWireTest, AProgramThatNeverTakesFramesIsAnError) {
  const std::vector<Frame> many(70'000, Frame{std::vector<uint8_t>(60, 0)});
  const absl::Status status = wire_->Send(many);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(UnixSocketWireTest, AClosedEndIsAPulledCable) {
  program_ = FileDescriptor();
  std::vector<Frame> frames;
  EXPECT_TRUE(wire_->Receive(1, frames).ok());
  EXPECT_TRUE(wire_->Send({Frame{std::vector<uint8_t>(60, 0)}}).ok());
  EXPECT_EQ(wire_->PollDescriptor(), -1);
}

TEST_F(UnixSocketWireTest, AMessageThatIsNoFrameIsAnError) {
  ASSERT_TRUE(SendFrame(program_, std::vector<uint8_t>(kMaxFrameBytes + 1, 0)));
  std::vector<Frame> frames;
  EXPECT_EQ(wire_->Receive(1, frames).code(), absl::StatusCode::kInvalidArgument);
}

TEST(UnixSocketWireOpenTest, NobodyListening) {
  const auto wire = UnixSocketWire::Open("/nowhere/port");
  EXPECT_THAT(std::string(wire.status().message()), testing::HasSubstr("/nowhere/port"));
  EXPECT_EQ(UnixSocketWire::Open(std::string(200, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pointsman
