#include "host/conformance/probe.h"

#include <gtest/gtest.h>

#include <string>

#include "flow_tables/packet.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman::conformance {
namespace {

TEST(ProbeFrameTest, IsAFirstPacketWithRightChecksums) {
  for (Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    SCOPED_TRACE(static_cast<int>(protocol));
    const std::vector<uint8_t> frame =
        ProbeFrame({Ipv4Address{0x0af40105}, Ipv4Address{0x0a60000a}, 1024, 80, protocol});
    EXPECT_EQ(frame.size(), 60u);
    EXPECT_TRUE(ChecksumsAreRight(frame)) << DescribeFrame(frame);
    const Parsed parsed = Parse(frame);
    ASSERT_EQ(parsed.kind, ParseKind::kTuple);
    EXPECT_EQ(parsed.tuple.source_address, 0x0af40105u);
    EXPECT_EQ(parsed.tuple.destination_address, 0x0a60000au);
    EXPECT_EQ(parsed.tuple.source_port, 1024);
    EXPECT_EQ(parsed.tuple.destination_port, 80);
    EXPECT_EQ(parsed.tuple.protocol, static_cast<uint8_t>(protocol));
  }
}

TEST(ProbeFrameTest, TcpBeginsAConnection) {
  const std::vector<uint8_t> frame =
      ProbeFrame({Ipv4Address{1}, Ipv4Address{2}, 3, 4, Protocol::kTcp});
  EXPECT_EQ(frame[kTcpFlagsOffset], kTcpSyn);
}

TEST(ProbeFrameTest, OfEveryFamilyAndProtocol) {
  const Address v4 = Ipv4Address{0x0af40105}, v6 = Address::FromWords(0xfd00001000000000, 2);
  for (const Address& address : {v4, v6}) {
    for (Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
      const FlowKey probe{address, address, 1024, 80, protocol};
      const std::vector<uint8_t> frame = ProbeFrame(probe);
      ASSERT_TRUE(ParseFlow(frame).has_value());
      EXPECT_EQ(ParseFlow(frame)->key, probe) << Describe(address) << Name(protocol);
      EXPECT_TRUE(FlowChecksumsAreRight(frame));
    }
  }
}

}  // namespace
}  // namespace pointsman::conformance
