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

FrameBytes Tagged(FrameBytes frame) {
  if (frame.size() < kEtherTypeOffset) return frame;
  constexpr uint8_t kTag[] = {0x81, 0x00, 0x20, 0x07};
  frame.insert(frame.begin() + kEtherTypeOffset, std::begin(kTag), std::end(kTag));
  return frame;
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
    // Behind a tag it is the same frame.
    Parsed tagged = Parse(Tagged(c.frame));
    if (c.frame.size() >= kEtherTypeOffset + 2) {
      EXPECT_EQ(std::exchange(tagged.tag_bytes, uint8_t{0}), kVlanTagBytes) << c.name;
    }
    EXPECT_EQ(tagged, c.expected) << c.name;
  }
  EXPECT_EQ(Parse(Tagged(Tagged(tcp))).kind, ParseKind::kPass);
}

// A frame on the heap with nothing behind it: AddressSanitizer sees a byte read too many.
TEST(PacketTest, ReadsNothingBehindTheFrame) {
  std::mt19937_64 random = TestRandom();
  const FrameBytes seeds[] = {BuildTcp({}), BuildUdp({}), Icmp(3), WithOptions(6)};
  int tuples = 0;
  for (int i = 0; i < 200000; ++i) {
    FrameBytes frame = seeds[Below(random, 4)];
    for (uint32_t n = Below(random, 4); n > 0; --n) {
      frame[12 + Below(random, 26)] = static_cast<uint8_t>(random());
    }
    const size_t size = Below(random, static_cast<uint32_t>(frame.size()) + 1);
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    std::copy_n(frame.begin(), size, exact.get());
    const Parsed parsed = Parse({exact.get(), size});
    if (parsed.kind == ParseKind::kTuple) {
      ++tuples;
      ASSERT_GE(size, kTransportOffset + (parsed.tuple.protocol == 6 ? 20 : 8));
    }
  }
  EXPECT_GT(tuples, 0);
}

}  // namespace
}  // namespace pointsman
