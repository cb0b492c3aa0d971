#include "flow_tables/flow.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/hash.h"
#include "flow_tables/packet.h"
#include "flow_tables/rewrite.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

const Address kV6Client = Address::FromWords(0xfd00001000000000, 2);
const Address kV6Service = Address::FromWords(0xfd00001000960000, 0xffff1234abcd0001);
const Address kV6Endpoint = Address::FromWords(0x20010db800000001, 0x8000000000000009);
const NextHop kHop{Port::kNode, {0x020000000201}, {0x020000000202}};

// A flow of any kind, its checksums made right by rewriting nothing but them.
FrameBytes Ipv6Frame(uint8_t next_header, std::vector<uint8_t> segment, size_t padding = 0) {
  FrameBytes frame(kIpv6TransportOffset + segment.size() + padding);
  StoreBe16(&frame[kEtherTypeOffset], kEtherTypeIpv6);
  frame[kIpv4Offset] = 0x60;
  StoreBe16(&frame[kIpv6PayloadLengthOffset], static_cast<uint16_t>(segment.size()));
  frame[kIpv6NextHeaderOffset] = next_header;
  frame[kIpv6HopLimitOffset] = 64;
  kV6Client.Store(&frame[kIpv6SourceOffset]);
  kV6Service.Store(&frame[kIpv6DestinationOffset]);
  std::copy(segment.begin(), segment.end(), frame.begin() + kIpv6TransportOffset);
  return frame;
}

std::vector<uint8_t> RandomSegment(std::mt19937_64& random, size_t bytes) {
  std::vector<uint8_t> segment(bytes);
  for (uint8_t& byte : segment) byte = static_cast<uint8_t>(random());
  StoreBe16(segment.data(), 40000);
  StoreBe16(segment.data() + 2, 80);
  return segment;
}

// Makes the transport checksum right: the sum of a segment with a field of 0 is what it must be.
void CompleteChecksum(FrameBytes& frame, size_t field) {
  for (uint32_t guess = 0; guess < 65536; ++guess) {
    StoreBe16(&frame[kIpv6TransportOffset + field], static_cast<uint16_t>(guess));
    if (FlowChecksumsAreRight(frame)) return;
  }
  FAIL() << "no checksum is right";
}

TEST(ParseFlow, FindsAddressesAndPorts) {
  std::mt19937_64 random(1);
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
    const auto flow =
        ParseFlow(Ipv6Frame(static_cast<uint8_t>(protocol), RandomSegment(random, 32), 7));
    ASSERT_TRUE(flow.has_value());
    EXPECT_EQ(flow->key, (FlowKey{kV6Client, kV6Service, 40000, 80, protocol}));
    EXPECT_EQ(flow->hop_limit, 64);
    EXPECT_EQ(flow->transport_bytes, 32u);
  }
  const auto v4 = ParseFlow(BuildUdp({}));
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->key,
            (FlowKey{Ipv4Address{0x0a000001}, Ipv4Address{0x0a600001}, 40000, 53, Protocol::kUdp}));
}

TEST(ParseFlow, OtherFramesAreNone) {
  std::mt19937_64 random(1);
  FrameBytes mapped = Ipv6Frame(6, RandomSegment(random, 20));
  Address::FromWords(0, 0x0000ffff0a000001).Store(&mapped[kIpv6SourceOffset]);
  std::fill_n(mapped.begin() + kIpv6SourceOffset, 10, 0);
  StoreBe16(&mapped[kIpv6SourceOffset + 10], 0xffff);
  FrameBytes long_payload = Ipv6Frame(6, RandomSegment(random, 20));
  StoreBe16(&long_payload[kIpv6PayloadLengthOffset], 21);
  const struct {
    const char* name;
    FrameBytes frame;
  } cases[] = {{"empty", {}},
               {"ICMPv6", Ipv6Frame(58, RandomSegment(random, 20))},
               {"extension header", Ipv6Frame(0, RandomSegment(random, 20))},
               {"TCP header cut", Ipv6Frame(6, RandomSegment(random, 19))},
               {"SCTP header cut", Ipv6Frame(132, RandomSegment(random, 11))},
               {"payload longer than the frame", long_payload},
               {"IPv4 inside IPv6 address", mapped},
               {"IPv4 options", BuildTcp({.ip = {.options = {1, 1, 1, 1}}})},
               {"IPv4 fragment", BuildTcp({.ip = {.fragment = 0x2000}})},
               {"ICMP", BuildIcmp({})}};
  for (const auto& c : cases) EXPECT_FALSE(ParseFlow(c.frame).has_value()) << c.name;
}

TEST(RewriteFlow, KeepsRightChecksumsRightAndWrongOnesWrong) {
  std::mt19937_64 random(7);
  const struct {
    Protocol protocol;
    size_t field;
  } cases[] = {{Protocol::kTcp, 16}, {Protocol::kUdp, 6}};
  for (const auto& c : cases) {
    for (int round = 0; round < 20; ++round) {
      FrameBytes frame = Ipv6Frame(static_cast<uint8_t>(c.protocol), RandomSegment(random, 33), 3);
      CompleteChecksum(frame, c.field);
      const auto flow = ParseFlow(frame);
      const FlowKey to{kV6Service, kV6Endpoint, static_cast<uint16_t>(random()), 8080, c.protocol};
      FrameBytes wrong = frame;
      wrong[kIpv6TransportOffset + 20] ^= 1;
      RewriteFlow(frame, *flow, to, kHop);
      EXPECT_TRUE(FlowChecksumsAreRight(frame)) << Name(c.protocol);
      EXPECT_EQ(ParseFlow(frame)->key, to);
      EXPECT_EQ(frame[kIpv6HopLimitOffset], 63);
      EXPECT_EQ(LoadBe48(frame.data()), kHop.destination_mac.value);
      RewriteFlow(wrong, *flow, to, kHop);
      EXPECT_FALSE(FlowChecksumsAreRight(wrong)) << Name(c.protocol);
    }
  }
}

TEST(RewriteFlow, SctpOverBothFamilies) {
  std::mt19937_64 random(9);
  for (const bool v4 : {true, false}) {
    const std::vector<uint8_t> segment = RandomSegment(random, 45);
    FrameBytes frame = v4 ? BuildIpv4({}, 132, segment) : Ipv6Frame(132, segment);
    const auto flow = ParseFlow(frame);
    ASSERT_TRUE(flow.has_value());
    FlowKey to = flow->key;
    to.destination_port = 9090;
    // Wrong before, wrong after; made right, right after.
    FrameBytes wrong = frame;
    RewriteFlow(wrong, *flow, to, kHop);
    EXPECT_FALSE(FlowChecksumsAreRight(wrong));
    uint8_t* checksum = &frame[flow->transport_offset + 8];
    std::fill_n(checksum, 4, 0);
    const uint32_t crc = ~Crc32c(~0u, std::span(frame).subspan(flow->transport_offset, 45));
    for (int i = 0; i < 4; ++i) checksum[i] = static_cast<uint8_t>(crc >> (8 * i));
    ASSERT_TRUE(FlowChecksumsAreRight(frame));
    RewriteFlow(frame, *flow, to, kHop);
    EXPECT_TRUE(FlowChecksumsAreRight(frame)) << v4;
    EXPECT_EQ(ParseFlow(frame)->key, to);
  }
}

TEST(RewriteFlow, AUdpChecksumOfZeroStays) {
  FrameBytes frame = BuildUdp({.without_checksum = true});
  const auto flow = ParseFlow(frame);
  FlowKey to = flow->key;
  to.destination = Ipv4Address{0x0af40109};
  RewriteFlow(frame, *flow, to, kHop);
  EXPECT_EQ(LoadBe16(&frame[kUdpChecksumOffset]), 0);
}

TEST(RewriteFlow, IsThePipelinesForIpv4) {
  FrameBytes frame = BuildTcp({}), expected = frame;
  const Tuple tuple = Parse(frame).tuple;
  const Translation to{.new_source_address = 0xc0a80002,
                       .new_destination_address = 0x0af40109,
                       .new_source_port = 50000,
                       .new_destination_port = 8080};
  RewriteFrame(
      expected.data(), 0, true, MakeRewrite(tuple, to),
      {.macs = {2, 0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 2}, .egress = Port::kNode, .valid = true});
  RewriteFlow(frame, *ParseFlow(frame),
              {Ipv4Address{0xc0a80002}, Ipv4Address{0x0af40109}, 50000, 8080, Protocol::kTcp},
              kHop);
  EXPECT_EQ(frame, expected);
}

TEST(FlowHash, IsTheSlotHashForIpv4) {
  const FlowKey key{Ipv4Address{0x0a000001}, Ipv4Address{0x0a600001}, 40000, 80, Protocol::kTcp};
  EXPECT_EQ(FlowHash(key, 77), SlotHash({0x0a000001, 0x0a600001, 40000, 80, 6}, 77));
}

TEST(FlowHash, EveryPartOfAnIpv6KeyCounts) {
  const FlowKey key{kV6Client, kV6Service, 40000, 80, Protocol::kTcp};
  FlowKey other = key;
  other.source = Address::FromWords(kV6Client.high() ^ 1, kV6Client.low());
  EXPECT_NE(FlowHash(key, 0), FlowHash(other, 0));
  other = key;
  other.destination_port = 81;
  EXPECT_NE(FlowHash(key, 0), FlowHash(other, 0));
}

TEST(Describe, AddressesAsRfc5952Says) {
  const struct {
    Address address;
    const char* text;
  } cases[] = {{Ipv4Address{0x0a000001}, "10.0.0.1"},
               {Address::FromWords(0, 0), "::"},
               {Address::FromWords(0, 1), "::1"},
               {Address::FromWords(0x20010db800000000, 1), "2001:db8::1"},
               {Address::FromWords(0x20010db800000001, 0x0001000100010001), "2001:db8:0:1:1:1:1:1"},
               {Address::FromWords(0x2001000000000001, 0x0000000000000001), "2001:0:0:1::1"},
               {Address::FromWords(0xfd00000000000000, 0), "fd00::"}};
  for (const auto& c : cases) EXPECT_EQ(Describe(c.address), c.text);
  EXPECT_EQ(Describe(Ipv4Prefix({0x0a000000}, 8)), "10.0.0.0/8");
  EXPECT_EQ(Describe(AddressPrefix{Address::FromWords(0xfd00000000000000, 0), 8}), "fd00::/8");
}

TEST(AddressPrefix, Contains) {
  const AddressPrefix ten = Ipv4Prefix({0x0a000000}, 8);
  EXPECT_TRUE(ten.Contains(Ipv4Address{0x0affffff}));
  EXPECT_FALSE(ten.Contains(Ipv4Address{0x0b000000}));
  EXPECT_FALSE(ten.Contains(kV6Client));
  EXPECT_FALSE(Ipv4Prefix({0}, 0).Contains(kV6Client));
  EXPECT_TRUE((AddressPrefix{Address::FromWords(0xfd00001000000000, 0), 64}).Contains(kV6Client));
  EXPECT_FALSE((AddressPrefix{kV6Client, 128}).Contains(kV6Service));
}

}  // namespace
}  // namespace pointsman
