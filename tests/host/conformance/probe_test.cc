#include "host/conformance/probe.h"

#include <gtest/gtest.h>

#include <string>

#include "flow_tables/packet.h"
#include "tests/support/packet_builder.h"

namespace pointsman::conformance {
namespace {

TEST(ProbeFrameTest, IsAFirstPacketWithRightChecksums) {
  for (Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    SCOPED_TRACE(static_cast<int>(protocol));
    const std::vector<uint8_t> frame = ProbeFrame({{0x0af40105}, {0x0a60000a}, 1024, 80, protocol});
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
  const std::vector<uint8_t> frame = ProbeFrame({{1}, {2}, 3, 4, Protocol::kTcp});
  EXPECT_EQ(frame[kTcpFlagsOffset], kTcpSyn);
}

}  // namespace
}  // namespace pointsman::conformance
