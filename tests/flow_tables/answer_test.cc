#include "flow_tables/answer.h"

#include <gmock/gmock.h>

#include <string>

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kNodeAddress{0xc0a80002};

FrameBytes TcpWith(uint8_t flags, size_t payload_bytes = 0, Ipv4Spec ip = {}) {
  return BuildTcp({.ip = std::move(ip),
                   .acknowledgement = 7777,
                   .flags = flags,
                   .payload = FrameBytes(payload_bytes)});
}

FrameBytes WithByte(FrameBytes frame, size_t at, uint8_t value) {
  frame[at] = value;
  return frame;
}

Answer AnswerFor(const FrameBytes& frame, Reason reason) {
  return MakeAnswer(frame, Port::kNode, reason, kNodeAddress);
}

TEST(AnswerTest, ResetsAsRfc9293Says) {
  const std::string from = "02:00:00:00:00:01 > 02:00:00:00:00:02, 10.96.0.1:80 > 10.0.0.1:40000 ";
  const struct {
    FrameBytes frame;
    std::string expected;
  } cases[] = {
      {TcpWith(kTcpSyn), "tcp RA seq 0 ack 1001, ttl 64, 54 bytes"},
      {TcpWith(kTcpSyn, 10), "tcp RA seq 0 ack 1011, ttl 64, 54 bytes"},
      {TcpWith(kTcpFin, 3), "tcp RA seq 0 ack 1004, ttl 64, 54 bytes"},
      {TcpWith(0), "tcp RA seq 0 ack 1000, ttl 64, 54 bytes"},
      {TcpWith(kTcpAck, 10), "tcp R seq 7777 ack 0, ttl 64, 54 bytes"},
      {TcpWith(kTcpSyn | kTcpAck), "tcp R seq 7777 ack 0, ttl 64, 54 bytes"},
  };
  for (const auto& c : cases) {
    const Answer answer = AnswerFor(c.frame, Reason::kReject);
    EXPECT_EQ(answer.kind, AnswerKind::kReply) << DescribeFrame(c.frame);
    EXPECT_EQ(answer.egress, Port::kNode);
    EXPECT_EQ(DescribeFrame(answer.frame), from + c.expected) << DescribeFrame(c.frame);
  }
}

TEST(AnswerTest, PaddingIsNoPayload) {
  FrameBytes padded = TcpWith(kTcpSyn);
  padded.resize(60);
  const Answer answer = AnswerFor(padded, Reason::kReject);
  EXPECT_EQ(LoadBe32(answer.frame.data() + kTcpAcknowledgementOffset), 1001U);
}

TEST(AnswerTest, UdpGetsPortUnreachableThatQuotesThePacket) {
  FrameBytes frame = BuildUdp({.payload = FrameBytes(100, 0xab)});
  frame.resize(frame.size() + 4);
  const Answer answer = AnswerFor(frame, Reason::kReject);
  EXPECT_EQ(DescribeFrame(answer.frame),
            "02:00:00:00:00:01 > 02:00:00:00:00:02, 10.96.0.1 > 10.0.0.1 icmp type 3 code 3, "
            "ttl 64, 170 bytes");
  EXPECT_EQ(FrameBytes(answer.frame.begin() + 42, answer.frame.end()),
            FrameBytes(frame.begin() + 14, frame.end() - 4));
}

TEST(AnswerTest, IcmpErrorsStayWithin576Bytes) {
  const FrameBytes frame = BuildUdp({.payload = FrameBytes(1400, 0xab)});
  const Answer answer = AnswerFor(frame, Reason::kReject);
  EXPECT_EQ(answer.frame.size(), 14U + 576U);
  EXPECT_TRUE(ChecksumsAreRight(answer.frame));
}

TEST(AnswerTest, TimeExceededComesFromTheNode) {
  for (const FrameBytes& frame : {BuildTcp({.ip = {.ttl = 1}}), BuildUdp({.ip = {.ttl = 0}})}) {
    const Answer answer = AnswerFor(frame, Reason::kTtlExpired);
    EXPECT_EQ(answer.kind, AnswerKind::kReply);
    EXPECT_THAT(DescribeFrame(answer.frame),
                testing::HasSubstr("192.168.0.2 > 10.0.0.1 icmp type 11 code 0, ttl 64"));
    EXPECT_TRUE(ChecksumsAreRight(answer.frame));
  }
}

TEST(AnswerTest, SomePacketsGetNoAnswer) {
  const FrameBytes syn = TcpWith(kTcpSyn);
  const struct {
    std::string name;
    FrameBytes frame;
    Reason reason;
  } cases[] = {
      {"a reset", TcpWith(kTcpRst), Reason::kReject},
      {"a reset with ACK", TcpWith(kTcpRst | kTcpAck), Reason::kReject},
      {"group MAC", WithByte(syn, 0, 0x01), Reason::kReject},
      {"to a group", TcpWith(kTcpSyn, 0, {.destination = {0xe0000001}}), Reason::kReject},
      {"to everybody", TcpWith(kTcpSyn, 0, {.destination = {0xffffffff}}), Reason::kReject},
      {"from nobody", TcpWith(kTcpSyn, 0, {.source = {0}}), Reason::kReject},
      {"from a group", TcpWith(kTcpSyn, 0, {.source = {0xe0000001}}), Reason::kTtlExpired},
      {"from loopback", TcpWith(kTcpSyn, 0, {.source = {0x7f000001}}), Reason::kReject},
      {"TCP header too short", WithByte(syn, kTcpDataOffset, 0x40), Reason::kReject},
      {"TCP header too long", WithByte(syn, kTcpDataOffset, 0x60), Reason::kReject},
      {"a later fragment", BuildUdp({.ip = {.fragment = 1}}), Reason::kTtlExpired},
      {"an ICMP error", BuildIcmp({.type = 3}), Reason::kTtlExpired},
      {"no frame", {}, Reason::kReject},
      {"no endpoint", syn, Reason::kNoEndpoint},
      {"no next hop", syn, Reason::kNoNextHop},
      {"port taken", syn, Reason::kSourcePortTaken},
      {"table full", syn, Reason::kConnectionTableFull},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(AnswerFor(c.frame, c.reason), Answer{}) << c.name;
  }
}

// RFC 1191: the next hop's MTU is in the last 16 bits of the ICMP header.
TEST(AnswerTest, TooBigGetsFragmentationNeededIfItMayNotBeCutUp) {
  const FrameBytes frame = TcpWith(kTcpAck, 1500);
  const Answer answer = MakeAnswer(frame, Port::kNode, Reason::kTooBig, kNodeAddress, 1450);
  ASSERT_EQ(answer.kind, AnswerKind::kReply);
  EXPECT_TRUE(ChecksumsAreRight(answer.frame));
  EXPECT_EQ(LoadBe32(&answer.frame[kSourceAddressOffset]), kNodeAddress.value);
  EXPECT_EQ(LoadBe16(&answer.frame[kTransportOffset]), 0x0304);
  EXPECT_EQ(LoadBe32(&answer.frame[kTransportOffset + 4]), 1450u);
  const FrameBytes may_be_cut = TcpWith(kTcpAck, 1500, {.fragment = 0});
  EXPECT_EQ(MakeAnswer(may_be_cut, Port::kNode, Reason::kTooBig, kNodeAddress, 1450).kind,
            AnswerKind::kNothing);
}

}  // namespace
}  // namespace pointsman
