#include "sim/card/tap_wire.h"

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "sim/card/packet_socket_wire.h"
#include "tests/sim/card/network_test_support.h"

namespace pointsman {
namespace {

TEST(TapWireTest, FramesGoBothWays) {
  const ScopedNetworkNamespace network;
  if (!network.entered()) {
    GTEST_SKIP() << "network namespaces are not allowed here (needs CAP_SYS_ADMIN)";
  }
  auto tap = TapWire::Open("card-tap");
  if (!tap.ok()) GTEST_SKIP() << "no TAP interface here: " << tap.status();
  auto stack = PacketSocketWire::Open("card-tap");
  ASSERT_TRUE(stack.ok()) << stack.status();

  Frame frame{std::vector<uint8_t>(60, 0x42)};
  ASSERT_TRUE((*tap)->Send({frame}).ok());
  std::vector<Frame> at_stack;
  for (int i = 0; i < 100 && at_stack.empty(); ++i) {
    pollfd event = {(*stack)->PollDescriptor(), POLLIN, 0};
    poll(&event, 1, 10);
    ASSERT_TRUE((*stack)->Receive(1, at_stack).ok());
  }
  ASSERT_EQ(at_stack.size(), 1u);
  EXPECT_EQ(at_stack[0].bytes, frame.bytes);

  const std::vector<uint8_t> answer(100, 0x24);
  ASSERT_TRUE((*stack)->Send({Frame{answer}}).ok());
  bool arrived = false;
  for (int i = 0; i < 100 && !arrived; ++i) {
    std::vector<Frame> at_card;  // the kernel also says things of its own there
    pollfd event = {(*tap)->PollDescriptor(), POLLIN, 0};
    poll(&event, 1, 10);
    ASSERT_TRUE((*tap)->Receive(64, at_card).ok());
    for (const Frame& heard : at_card) arrived = arrived || heard.bytes == answer;
  }
  EXPECT_TRUE(arrived);
}

}  // namespace
}  // namespace pointsman
