#include "flow_tables/packet.h"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "flow_tables/big_endian.h"
#include "tests/flow_tables/random.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Parsed kPassed{};
Parsed Punted(Reason reason) { return {.kind = ParseKind::kPunt, .reason = reason, .tuple = {}}; }
Parsed Found(uint16_t port, Protocol protocol) {
  return {.kind = ParseKind::kTuple,
          .reason = Reason::kNone,
          .tuple = {.source_address = 0x0a000001,
                    .destination_address = 0x0a600001,
                    .source_port = 40000,
                    .destination_port = port,
                    .protocol = static_cast<uint8_t>(protocol)}};
}
const Parsed kTcpFound = Found(80, Protocol::kTcp);
const Parsed kUdpFound = Found(53, Protocol::kUdp);

// The frame with one change.
FrameBytes Changed(FrameBytes frame, const std::function<void(FrameBytes&)>& change) {
  change(frame);
  return frame;
}
FrameBytes WithByte(FrameBytes frame, size_t at, uint8_t value) {
  return Changed(std::move(frame), [=](FrameBytes& bytes) { bytes[at] = value; });
}
FrameBytes WithTotal(FrameBytes frame, uint16_t total) {
  return Changed(std::move(frame),
                 [=](FrameBytes& bytes) { StoreBe16(bytes.data() + kTotalLengthOffset, total); });
}
FrameBytes WithFragment(FrameBytes frame, uint16_t fragment) {
  return Changed(std::move(frame),
                 [=](FrameBytes& bytes) { StoreBe16(bytes.data() + kFragmentOffset, fragment); });
}
FrameBytes WithLength(FrameBytes frame, size_t bytes_in_frame) {
  frame.resize(bytes_in_frame);
  return frame;
}
FrameBytes WithOptions(uint8_t protocol) {
  const std::vector<uint8_t> body(40);
  return BuildIpv4({.options = {1, 1, 1, 1}}, protocol, body);
}
FrameBytes Icmp(uint8_t type) { return BuildIcmp({.type = type}); }

struct Case {
  std::string name;
  FrameBytes frame;
  Parsed expected;
};

// The short way says what Parse says, of untagged frames that have a tuple alone.
void ExpectPlainIsRight(const FrameBytes& frame) {
  const Parsed parsed = Parse(frame);
  Parsed plain;
  const bool is_plain = parsed.kind == ParseKind::kTuple && parsed.tag_bytes == 0;
  ASSERT_EQ(ParsePlain(frame, plain), is_plain) << testing::PrintToString(frame);
  ASSERT_EQ(plain, is_plain ? parsed : kPassed) << testing::PrintToString(frame);
}

FrameBytes Tagged(const FrameBytes& frame) {
  return frame.size() < kEtherTypeOffset ? frame : WithVlanTag(frame, 0x2007);
}

TEST(PacketTest, FollowsTheRule) {
  const FrameBytes tcp = BuildTcp({});
  const FrameBytes udp = BuildUdp({});
  const Case cases[] = {
      {"TCP", tcp, kTcpFound},
      {"UDP", udp, kUdpFound},
      {"no frame", {}, kPassed},
      {"33 bytes", WithLength(tcp, 33), kPassed},
      {"34 bytes, TCP", WithTotal(WithLength(tcp, 34), 20), kPassed},
      {"padded", WithLength(tcp, 60), kTcpFound},
      {"another EtherType", WithByte(tcp, 13, 0x06), kPassed},
      {"version 6", WithByte(tcp, kIpv4Offset, 0x65), kPassed},
      {"header of 16 bytes", WithByte(tcp, kIpv4Offset, 0x44), kPassed},
      {"total under the header", WithTotal(tcp, 19), kPassed},
      {"total over the frame", WithTotal(tcp, 41), kPassed},
      {"options before total is enough", WithByte(WithTotal(tcp, 20), kIpv4Offset, 0x46), kPassed},
      {"TCP of 39 bytes", WithTotal(tcp, 39), kPassed},
      {"UDP of 27 bytes", WithTotal(udp, 27), kPassed},
      {"more fragments", WithFragment(tcp, 0x2000), Punted(Reason::kFragment)},
      {"last fragment", WithFragment(udp, 0x0001), Punted(Reason::kFragment)},
      {"farthest fragment", WithFragment(udp, 0x1fff), Punted(Reason::kFragment)},
      {"reserved bit and DF", WithFragment(tcp, 0xc000), kTcpFound},
      {"short fragment", WithFragment(WithTotal(tcp, 20), 0x2000), Punted(Reason::kFragment)},
      {"TCP with options", WithOptions(6), Punted(Reason::kIpOptions)},
      {"UDP with options", WithOptions(17), Punted(Reason::kIpOptions)},
      {"fragment with options", WithFragment(WithOptions(6), 0x2000), Punted(Reason::kFragment)},
      {"short UDP with options", WithTotal(WithOptions(17), 24), Punted(Reason::kIpOptions)},
      {"SCTP", BuildIpv4({}, 132, std::vector<uint8_t>(40)), kPassed},
      {"SCTP fragment", BuildIpv4({.fragment = 1}, 132, std::vector<uint8_t>(40)), kPassed},
      {"ICMP echo", Icmp(8), kPassed},
      {"ICMP echo reply", Icmp(0), kPassed},
      {"ICMP unreachable", Icmp(3), Punted(Reason::kIcmpError)},
      {"ICMP source quench", Icmp(4), Punted(Reason::kIcmpError)},
      {"ICMP redirect", Icmp(5), Punted(Reason::kIcmpError)},
      {"ICMP time exceeded", Icmp(11), Punted(Reason::kIcmpError)},
      {"ICMP parameter problem", Icmp(12), Punted(Reason::kIcmpError)},
      {"ICMP timestamp", Icmp(13), kPassed},
      {"ICMP error, later fragment", WithFragment(Icmp(3), 1), kPassed},
      {"ICMP error, first fragment", WithFragment(Icmp(3), 0x2000), Punted(Reason::kIcmpError)},
      {"ICMP error of 27 bytes", WithTotal(Icmp(3), 27), kPassed},
      {"ICMP with options", WithOptions(1), kPassed},
      {"wrong header checksum", WithByte(tcp, kIpv4ChecksumOffset, 0xff), kTcpFound},
      {"TTL 0", BuildTcp({.ip = {.ttl = 0}}), kTcpFound},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Parse(c.frame), c.expected) << c.name;
    ExpectPlainIsRight(c.frame);
    ExpectPlainIsRight(Tagged(c.frame));
    // Behind a tag it is the same frame.
    Parsed tagged = Parse(Tagged(c.frame));
    if (c.frame.size() >= kEtherTypeOffset + 2) {
      EXPECT_EQ(std::exchange(tagged.tag_bytes, uint8_t{0}), kVlanTagBytes) << c.name;
    }
    EXPECT_EQ(tagged, c.expected) << c.name;
  }
  EXPECT_EQ(Parse(Tagged(Tagged(tcp))).kind, ParseKind::kPass);
}

TEST(PacketTest, TheShortWaySaysTheSameOfBrokenFrames) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 200'000; ++i) {
    FrameBytes frame = Below(random, 2) == 0 ? BuildTcp({}) : BuildUdp({});
    const uint32_t changes = Below(random, 4);
    for (uint32_t k = 0; k < changes; ++k) {
      const uint32_t at = kEtherTypeOffset + Below(random, kTransportOffset - kEtherTypeOffset);
      frame[at] = static_cast<uint8_t>(Below(random, 3) == 0 ? random() : frame[at] ^ 1);
    }
    if (Below(random, 4) == 0) frame.resize(Below(random, static_cast<uint32_t>(frame.size()) + 1));
    ASSERT_NO_FATAL_FAILURE(ExpectPlainIsRight(frame));
  }
}

ParsedIpv6 PuntedIpv6(Reason reason) {
  return {.kind = ParseKind::kPunt, .reason = reason, .tuple = {}};
}
ParsedIpv6 FoundIpv6(uint16_t port, Protocol protocol) {
  const Ipv6Spec spec;
  return {.kind = ParseKind::kTuple,
          .reason = Reason::kNone,
          .tuple = {.source_address = spec.source.bits(),
                    .destination_address = spec.destination.bits(),
                    .source_port = 40000,
                    .destination_port = port,
                    .protocol = static_cast<uint8_t>(protocol)}};
}
FrameBytes WithPayload(FrameBytes frame, uint16_t payload) {
  return Changed(std::move(frame), [=](FrameBytes& bytes) {
    StoreBe16(bytes.data() + kIpv6PayloadLengthOffset, payload);
  });
}
// A packet whose header `header` names `next`, with `bytes` behind the IPv6 header.
FrameBytes Extended(uint8_t header, uint8_t next, size_t bytes = 40) {
  std::vector<uint8_t> body(bytes);
  body[0] = next;
  return BuildIpv6({}, header, body);
}
FrameBytes Icmpv6(uint8_t type) { return BuildIcmp(Ipv6Spec{}, {.type = type}); }

struct CaseIpv6 {
  std::string name;
  FrameBytes frame;
  ParsedIpv6 expected;
};

TEST(PacketTest, FollowsTheRuleOverIpv6) {
  const FrameBytes tcp = BuildTcp(Ipv6Spec{}, {});
  const FrameBytes udp = BuildUdp(Ipv6Spec{}, {});
  const ParsedIpv6 passed{};
  const ParsedIpv6 tcp_found = FoundIpv6(80, Protocol::kTcp);
  const ParsedIpv6 fragment = PuntedIpv6(Reason::kFragment);
  const ParsedIpv6 options = PuntedIpv6(Reason::kIpOptions);
  const ParsedIpv6 icmp_error = PuntedIpv6(Reason::kIcmpError);
  const Ipv4Address four{0x0a000001};
  std::vector<CaseIpv6> cases = {
      {"TCP", tcp, tcp_found},
      {"UDP", udp, FoundIpv6(53, Protocol::kUdp)},
      {"53 bytes", WithPayload(WithLength(tcp, 53), 0), passed},
      {"54 bytes", WithPayload(WithLength(tcp, 54), 0), passed},
      {"padded", WithLength(tcp, 90), tcp_found},
      {"version 4", WithByte(tcp, kIpv4Offset, 0x40), passed},
      {"another EtherType", WithByte(tcp, 13, 0x06), passed},
      {"payload over the frame", WithPayload(tcp, 21), passed},
      {"payload of 19, TCP", WithPayload(tcp, 19), passed},
      {"payload of 7, UDP", WithPayload(udp, 7), passed},
      {"hop limit 0", BuildTcp(Ipv6Spec{.hop_limit = 0}, {}), tcp_found},
      {"class and label", BuildTcp(Ipv6Spec{.class_and_label = 0xfffffff}, {}), tcp_found},
      {"source stands for IPv4", BuildTcp(Ipv6Spec{.source = four}, {}), passed},
      {"destination stands for IPv4", BuildTcp(Ipv6Spec{.destination = four}, {}), passed},
      {"ICMPv6 error that stands for IPv4", BuildIcmp(Ipv6Spec{.source = four}, {.type = 1}),
       passed},
      {"ICMPv6 echo", Icmpv6(128), passed},
      {"ICMPv6 type 0", Icmpv6(0), passed},
      {"ICMPv6 type 5", Icmpv6(5), passed},
      {"ICMPv6 error of 7 bytes", WithPayload(Icmpv6(1), 7), passed},
      {"no next header", Extended(59, 6), passed},
      {"an unknown one", Extended(99, 6), passed},
      {"an authentication header", Extended(51, 6), passed},
      {"extension of 7 bytes", Extended(0, 6, 7), passed},
      {"extension of 8 bytes", Extended(0, 6, 8), options},
      {"fragment of 8 bytes", Extended(44, 17, 8), fragment},
      {"fragment of ICMPv6", Extended(44, 58), passed},
      {"hop-by-hop before ICMPv6", Extended(0, 58), passed},
      {"hop-by-hop before hop-by-hop", Extended(0, 0), passed},
      {"options before SCTP", Extended(60, 132), passed},
  };
  for (uint8_t type = 1; type <= 4; ++type) {
    cases.push_back({"ICMPv6 type " + std::to_string(type), Icmpv6(type), icmp_error});
  }
  for (const uint8_t header : {0, 43, 44, 60}) {
    for (const uint8_t next : {6, 17, 43, 44, 60}) {
      cases.push_back({std::to_string(header) + " before " + std::to_string(next),
                       Extended(header, next), header == 44 ? fragment : options});
    }
  }
  for (const CaseIpv6& c : cases) {
    EXPECT_EQ(Parse(c.frame), kPassed) << c.name;
    EXPECT_EQ(ParseOther(c.frame, true), c.expected) << c.name;
    ParsedIpv6 tagged = ParseOther(Tagged(c.frame), true);
    EXPECT_EQ(std::exchange(tagged.tag_bytes, uint8_t{0}), kVlanTagBytes) << c.name;
    EXPECT_EQ(tagged, c.expected) << c.name;
  }
  EXPECT_EQ(ParseOther(Tagged(Tagged(tcp)), true).kind, ParseKind::kPass);
}

TEST(PacketTest, SctpOfBothFamiliesIsTheHostsWhereItSaysSo) {
  const std::vector<uint8_t> segment(40);
  const FrameBytes four = BuildIpv4({}, 132, segment);
  const FrameBytes six = BuildIpv6({}, 132, segment);
  for (const FrameBytes& frame : {four, six, Tagged(four), Tagged(six), BuildIpv6({}, 132, {})}) {
    EXPECT_EQ(Parse(frame).kind, ParseKind::kPass);
    EXPECT_EQ(ParseOther(frame, true).reason, Reason::kSctp);
    EXPECT_EQ(ParseOther(frame, false).kind, ParseKind::kPass);
  }
  const Ipv6Spec mapped{.source = Ipv4Address{0x0a000001}};
  EXPECT_EQ(ParseOther(BuildIpv6(mapped, 132, segment), true).kind, ParseKind::kPass);
  EXPECT_EQ(ParseOther(WithTotal(four, 80), true).kind, ParseKind::kPass);
}

// A frame on the heap with nothing behind it: AddressSanitizer sees a byte read too many.
TEST(PacketTest, ReadsNothingBehindTheFrame) {
  std::mt19937_64 random = TestRandom();
  const FrameBytes seeds[] = {BuildTcp({}),   BuildUdp({}),
                              Icmp(3),        WithOptions(6),
                              Icmpv6(1),      BuildTcp(Ipv6Spec{}, {}),
                              Extended(0, 6), BuildUdp(Ipv6Spec{}, {})};
  int tuples = 0;
  for (int i = 0; i < 400000; ++i) {
    FrameBytes frame = seeds[Below(random, 8)];
    for (uint32_t n = Below(random, 4); n > 0; --n) {
      frame[12 + Below(random, 26)] = static_cast<uint8_t>(random());
    }
    const size_t size = Below(random, static_cast<uint32_t>(frame.size()) + 1);
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    std::copy_n(frame.begin(), size, exact.get());
    const Parsed parsed = Parse({exact.get(), size});
    const ParsedIpv6 other = ParseOther({exact.get(), size}, true);
    if (parsed.kind == ParseKind::kTuple) {
      ++tuples;
      ASSERT_GE(size, kTransportOffset + (parsed.tuple.protocol == 6 ? 20 : 8));
    }
    if (other.kind == ParseKind::kTuple) {
      ++tuples;
      ASSERT_GE(size, kIpv6TransportOffset + (other.tuple.protocol == 6 ? 20 : 8));
    }
  }
  EXPECT_GT(tuples, 0);
}

}  // namespace
}  // namespace pointsman
