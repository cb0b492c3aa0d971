#include "flow_tables/flow.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/hash.h"
#include "flow_tables/packet.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

const Address kV6Client = Address::FromWords(0xfd00001000000000, 2);
const Address kV6Service = Address::FromWords(0xfd00001000960000, 0xffff1234abcd0001);
const Address kV6Endpoint = Address::FromWords(0x20010db800000001, 0x8000000000000009);
const NextHop kHop{Port::kNode, {0x020000000201}, {0x020000000202}};

// A flow of any kind; its checksum is what the segment has.
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

TEST(RewriteSctp, KeepsARightChecksumRightAndAWrongOneWrong) {
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
    RewriteSctp(wrong, *flow, to, kHop);
    EXPECT_FALSE(FlowChecksumsAreRight(wrong));
    uint8_t* checksum = &frame[flow->transport_offset + 8];
    std::fill_n(checksum, 4, 0);
    const uint32_t crc = ~Crc32c(~0u, std::span(frame).subspan(flow->transport_offset, 45));
    for (int i = 0; i < 4; ++i) checksum[i] = static_cast<uint8_t>(crc >> (8 * i));
    ASSERT_TRUE(FlowChecksumsAreRight(frame));
    RewriteSctp(frame, *flow, to, kHop);
    EXPECT_TRUE(FlowChecksumsAreRight(frame)) << v4;
    EXPECT_EQ(ParseFlow(frame)->key, to);
  }
}

TEST(RewriteSctp, ChangesTheHeadersOfBothFamilies) {
  const struct {
    FrameBytes frame;
    FlowKey to;
  } cases[] = {{BuildIpv4({}, 132, std::vector<uint8_t>(45)),
                {Ipv4Address{0xc0a80002}, Ipv4Address{0x0af40109}, 50000, 8080, Protocol::kSctp}},
               {Ipv6Frame(132, std::vector<uint8_t>(45)),
                {kV6Service, kV6Endpoint, 50000, 8080, Protocol::kSctp}}};
  for (const auto& c : cases) {
    FrameBytes frame = c.frame;
    const auto flow = ParseFlow(frame);
    ASSERT_TRUE(flow.has_value());
    RewriteSctp(frame, *flow, c.to, kHop);
    const auto sent = ParseFlow(frame);
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(sent->key, c.to);
    EXPECT_EQ(sent->hop_limit, flow->hop_limit - 1);
    EXPECT_EQ(LoadBe48(frame.data()), kHop.destination_mac.value);
    EXPECT_EQ(LoadBe48(frame.data() + 6), kHop.source_mac.value);
    EXPECT_EQ(DescribeFrame(frame).find("bad header checksum"), std::string::npos);
  }
}

TEST(ToTuple, AndBack) {
  const FlowKey four{Ipv4Address{1}, Ipv4Address{2}, 3, 4, Protocol::kUdp};
  EXPECT_EQ(ToFlowKey(ToTuple(four)), four);
  const FlowKey six{kV6Client, kV6Service, 3, 4, Protocol::kTcp};
  EXPECT_EQ(ToFlowKey(ToTupleIpv6(six)), six);
}

TEST(FlowHash, IsTheSlotHashOfTheFamily) {
  const FlowKey four{Ipv4Address{0x0a000001}, Ipv4Address{0x0a600001}, 40000, 80, Protocol::kTcp};
  EXPECT_EQ(FlowHash(four, 77), SlotHash(Tuple{0x0a000001, 0x0a600001, 40000, 80, 6}, 77));
  const FlowKey six{kV6Client, kV6Service, 40000, 80, Protocol::kTcp};
  EXPECT_EQ(FlowHash(six, 77),
            SlotHash(TupleIpv6{kV6Client.bits(), kV6Service.bits(), 40000, 80, 6}, 77));
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
  EXPECT_EQ(DescribeSocket(Ipv4Address{0x0a000001}, 80), "10.0.0.1:80");
  EXPECT_EQ(DescribeSocket(Address::FromWords(0, 1), 80), "[::1]:80");
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
