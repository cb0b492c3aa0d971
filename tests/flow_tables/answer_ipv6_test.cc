#include "flow_tables/answer_ipv6.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "flow_tables/answer.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "host/conformance/probe.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

const Address kClient = Address::FromWords(0xfd00001000000000, 2);
const Address kService = Address::FromWords(0xfd00001000960000, 1);
const Address kNode = Address::FromWords(0x20010db800000000, 1);

FrameBytes FrameOf(Protocol protocol) {
  return conformance::ProbeFrame({kClient, kService, 40000, 80, protocol});
}

Answer AnswerFor(const FrameBytes& frame, Reason reason, const Address& node = kNode) {
  return MakeAnswer(frame, Port::kNode, reason, node);
}

bool Icmpv6ChecksumIsRight(const FrameBytes& frame) {
  const auto addresses = std::span(frame).subspan(kIpv6SourceOffset, 32);
  const auto body = std::span(frame).subspan(kIpv6TransportOffset);
  return FoldChecksum(ChecksumSum(addresses) + body.size() + 58 + ChecksumSum(body)) == 0xffff;
}

TEST(AnswerIpv6, TcpIsReset) {
  const Answer answer = AnswerFor(FrameOf(Protocol::kTcp), Reason::kReject);
  ASSERT_EQ(answer.kind, AnswerKind::kReply);
  EXPECT_EQ(answer.egress, Port::kNode);
  EXPECT_TRUE(FlowChecksumsAreRight(answer.frame));
  const auto flow = ParseFlow(answer.frame);
  EXPECT_EQ(flow->key, (FlowKey{kService, kClient, 80, 40000, Protocol::kTcp}));
  EXPECT_EQ(answer.frame[flow->transport_offset + 13], 0x14);  // RST, ACK
  EXPECT_EQ(LoadBe32(&answer.frame[flow->transport_offset + 8]), 1u);
}

TEST(AnswerIpv6, OthersGetPortUnreachable) {
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kSctp}) {
    const FrameBytes frame = FrameOf(protocol);
    const Answer answer = AnswerFor(frame, Reason::kReject);
    ASSERT_EQ(answer.kind, AnswerKind::kReply) << Name(protocol);
    EXPECT_EQ(answer.frame[kIpv6NextHeaderOffset], 58);
    EXPECT_EQ(answer.frame[kIpv6TransportOffset], 1);
    EXPECT_EQ(answer.frame[kIpv6TransportOffset + 1], 4);
    EXPECT_TRUE(Icmpv6ChecksumIsRight(answer.frame));
    EXPECT_TRUE(std::equal(answer.frame.begin() + kIpv6TransportOffset + 8, answer.frame.end(),
                           frame.begin() + kIpv4Offset));
    EXPECT_EQ(Address::FromBytes(std::span(answer.frame).subspan(kIpv6SourceOffset, 16)), kService);
  }
}

TEST(AnswerIpv6, AnErrorIsAtMost1280BytesLong) {
  FrameBytes frame = FrameOf(Protocol::kUdp);
  frame.resize(kIpv6TransportOffset + 3000);
  StoreBe16(&frame[kIpv6PayloadLengthOffset], 3000);
  EXPECT_EQ(AnswerFor(frame, Reason::kReject).frame.size(), kIpv4Offset + 1280);
}

TEST(AnswerIpv6, TimeExceededComesFromTheNode) {
  const Answer answer = AnswerFor(FrameOf(Protocol::kTcp), Reason::kTtlExpired);
  ASSERT_EQ(answer.kind, AnswerKind::kReply);
  EXPECT_EQ(answer.frame[kIpv6TransportOffset], 3);
  EXPECT_TRUE(Icmpv6ChecksumIsRight(answer.frame));
  EXPECT_EQ(Address::FromBytes(std::span(answer.frame).subspan(kIpv6SourceOffset, 16)), kNode);
  const Answer of_other_family =
      AnswerFor(FrameOf(Protocol::kTcp), Reason::kTtlExpired, Ipv4Address{0xc0a80002});
  EXPECT_EQ(of_other_family.kind, AnswerKind::kNothing);
}

TEST(AnswerIpv6, WhatMustNotBeAnswered) {
  FrameBytes reset = FrameOf(Protocol::kTcp);
  reset[kIpv6TransportOffset + 13] = 0x04;
  FrameBytes group_mac = FrameOf(Protocol::kUdp);
  group_mac[0] |= 1;
  FrameBytes group = FrameOf(Protocol::kUdp), unspecified = group;
  Address::FromWords(0xff02000000000000, 1).Store(&group[kIpv6DestinationOffset]);
  Address::FromWords(0, 0).Store(&unspecified[kIpv6SourceOffset]);
  for (const FrameBytes& frame : {reset, group_mac, group, unspecified, FrameBytes(20)}) {
    EXPECT_EQ(AnswerFor(frame, Reason::kReject).kind, AnswerKind::kNothing);
  }
}

TEST(Answer, SctpOverIpv4GetsPortUnreachable) {
  const FrameBytes frame = conformance::ProbeFrame(
      {Ipv4Address{0x0a000001}, Ipv4Address{0x0a600001}, 40000, 80, Protocol::kSctp});
  const Answer answer = AnswerFor(frame, Reason::kReject);
  ASSERT_EQ(answer.kind, AnswerKind::kReply);
  EXPECT_TRUE(ChecksumsAreRight(answer.frame));
  EXPECT_EQ(answer.frame[kTransportOffset], 3);
  EXPECT_EQ(answer.frame[kTransportOffset + 1], 3);
}

TEST(AnswerIpv6, TooBigIsSaidWithTheMtu) {
  const Answer answer =
      MakeAnswer(FrameOf(Protocol::kUdp), Port::kNode, Reason::kTooBig, kNode, 1400);
  ASSERT_EQ(answer.kind, AnswerKind::kReply);
  EXPECT_TRUE(Icmpv6ChecksumIsRight(answer.frame));
  EXPECT_EQ(LoadBe16(&answer.frame[kIpv6TransportOffset]), 0x0200);
  EXPECT_EQ(LoadBe32(&answer.frame[kIpv6TransportOffset + 4]), 1400u);
  EXPECT_EQ(Address::FromBytes(std::span(answer.frame).subspan(kIpv6SourceOffset, 16)), kNode);
}

}  // namespace
}  // namespace pointsman
