#include "host/softpath/punts.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kNode{0xc0a80002};

TEST(ServePuntTest, TakenSourcePortsAreTriedAgainUntilTheLastAttempt) {
  const FrameBytes frame = BuildTcp({});
  for (uint8_t attempt = 0; attempt < kSourcePortAttempts; ++attempt) {
    SCOPED_TRACE(int{attempt});
    const PuntService service =
        ServePunt({frame, Port::kUplink, Reason::kSourcePortTaken, attempt}, kNode);
    EXPECT_TRUE(service.frame.empty());
    if (attempt + 1U < kSourcePortAttempts) {
      EXPECT_EQ(service.retry_attempt, attempt + 1);
    } else {
      EXPECT_EQ(service.retry_attempt, std::nullopt);
    }
  }
}

TEST(ServePuntTest, SaysWhatLeavesForEachReason) {
  enum Leaves { kNothing, kTheFrame, kAReply };
  struct Case {
    Reason reason;
    Leaves leaves;
    Port egress;  // where something leaves
  };
  const Case cases[] = {
      {Reason::kReject, kAReply, Port::kUplink},    {Reason::kTtlExpired, kAReply, Port::kUplink},
      {Reason::kFragment, kTheFrame, Port::kNode},  {Reason::kIpOptions, kTheFrame, Port::kNode},
      {Reason::kIcmpError, kTheFrame, Port::kNode}, {Reason::kModePunt, kNothing, Port::kUplink}};
  const FrameBytes frame = BuildTcp({});
  for (const Case& c : cases) {
    SCOPED_TRACE(Name(c.reason));
    const PuntService service = ServePunt({frame, Port::kUplink, c.reason, 0}, kNode);
    EXPECT_EQ(service.retry_attempt, std::nullopt);
    EXPECT_EQ(service.frame.empty(), c.leaves == kNothing);
    EXPECT_EQ(service.frame == frame, c.leaves == kTheFrame);
    if (c.leaves != kNothing) {
      EXPECT_EQ(service.egress, c.egress);
    }
  }
}

}  // namespace
}  // namespace pointsman
