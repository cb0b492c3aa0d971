#include "sim/card/switched_wire.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

TEST(SwitchedWireTest, LosesFramesUntilItIsOn) {
  auto on = std::make_shared<std::atomic<bool>>(false);
  auto queue = std::make_unique<QueueWire>();
  QueueWire& far_end = *queue;
  SwitchedWire wire(std::move(queue), on);
  const Frame frame{.bytes = {1, 2, 3}};
  std::vector<Frame> received(1);  // what was there before stays

  far_end.to_card.push_back(frame);
  EXPECT_TRUE(wire.Receive(8, received).ok());
  EXPECT_TRUE(wire.Send({frame}).ok());
  EXPECT_EQ(received.size(), 1u);
  EXPECT_TRUE(far_end.to_card.empty());
  EXPECT_TRUE(far_end.from_card.empty());

  *on = true;
  far_end.to_card.push_back(frame);
  EXPECT_TRUE(wire.Receive(8, received).ok());
  EXPECT_TRUE(wire.Send({frame}).ok());
  EXPECT_EQ(received.size(), 2u);
  EXPECT_EQ(far_end.from_card.size(), 1u);
}

}  // namespace
}  // namespace pointsman
