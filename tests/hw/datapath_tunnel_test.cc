// Frames that come through a tunnel and go into it.
#include <gtest/gtest.h>

#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/flow.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kOtherPod{0x0af40155};  // 10.244.1.85, a pod of another node
constexpr uint8_t kCongested = 3, kCanSay = 2, kCannotSay = 0;  // ECN

class DatapathTunnelTest : public DatapathTest, public testing::WithParamInterface<IpFamily> {
 protected:
  DatapathTunnelTest() : DatapathTest(TunnelWorld()) {}

  Address At(Ipv4Address address) const { return In(GetParam(), address); }

  // To the Service by a port whose slot names the endpoint behind the tunnel, or the local one.
  DatapathInput Request(Ipv4Address client, bool to_tunnel, const TcpSpec& spec = {}) {
    for (uint16_t port = 1000;; ++port) {
      TcpSpec with_port = spec;
      with_port.source_port = port;
      with_port.ip.source = client;
      with_port.ip.destination = kService;
      FrameBytes frame =
          GetParam() == IpFamily::kIpv4
              ? BuildTcp(with_port)
              : BuildTcp(Ipv6Spec{.source = At(client), .destination = At(kService)}, with_port);
      Pipeline oracle(std::make_shared<const Image>(SmallWorld()), 2);
      FrameBytes translated = frame;
      Packet packet{translated};
      Outcome outcome;
      oracle.Process({&packet, 1}, {&outcome, 1});
      const bool remote = ParseFlow(translated)->key.destination == At(kSecondEndpoint);
      if (remote == to_tunnel) return {.frame = std::move(frame)};
    }
  }

  static FrameBytes Inside(const FrameBytes& frame) {
    return {frame.begin() + kTunnelBytes, frame.end()};
  }
  uint8_t Tos(const FrameBytes& frame) const {
    return GetParam() == IpFamily::kIpv4
               ? frame[kTosOffset]
               : static_cast<uint8_t>(LoadBe16(frame.data() + kIpv4Offset) >> 4);
  }
  void SetTos(FrameBytes& frame, uint8_t tos) const {
    if (GetParam() == IpFamily::kIpv6) {
      StoreBe16(frame.data() + kIpv4Offset, static_cast<uint16_t>(0x6000 | tos << 4));
      return;
    }
    frame[kTosOffset] = tos;
    StoreBe16(frame.data() + kIpv4ChecksumOffset, 0);
    StoreBe16(frame.data() + kIpv4ChecksumOffset,
              InternetChecksum(std::span(frame).subspan(kIpv4Offset, kIpv4HeaderBytes)));
  }
};

TEST_P(DatapathTunnelTest, GoesInAndTheAnswerComesOut) {
  const DatapathOutput there = Compare(Request(kOutsideClient, true));
  ASSERT_EQ(there.verdict, Verdict::kForward);
  EXPECT_TRUE(ChecksumsAreRight(there.frame));
  const uint8_t* outer = there.frame.data();
  EXPECT_EQ(LoadBe48(outer), 0x020000000101u);
  EXPECT_EQ(LoadBe32(outer + kSourceAddressOffset), kTunnel.address.value);
  EXPECT_EQ(LoadBe32(outer + kDestinationAddressOffset), kOtherNode.value);
  EXPECT_EQ(LoadBe16(outer + kDestinationPortOffset), 4789);
  EXPECT_GE(LoadBe16(outer + kSourcePortOffset), 0xc000);
  EXPECT_EQ(LoadBe32(outer + 46) >> 8, kTunnel.vni);
  const FrameBytes inside = Inside(there.frame);
  EXPECT_TRUE(ChecksumsAreRight(inside));
  EXPECT_EQ(LoadBe48(inside.data()), kOtherNodeInside.value);
  EXPECT_EQ(LoadBe48(inside.data() + 6), kTunnel.mac.value);

  DatapathOutput received = there;
  received.frame = inside;
  DatapathInput answer = ReplyTo(received);
  answer.frame = ThroughTunnel(answer.frame);
  const DatapathOutput back = Compare(answer);
  EXPECT_EQ(back.verdict, Verdict::kForward);
  EXPECT_TRUE(ChecksumsAreRight(back.frame));
  EXPECT_EQ(ParseFlow(back.frame)->key.source, At(kService));
}

TEST_P(DatapathTunnelTest, ComesOutForALocalPodAndGoesInAgain) {
  DatapathInput request = Request(kOtherPod, false);
  request.frame = ThroughTunnel(request.frame);
  const DatapathOutput local = Compare(request);
  EXPECT_EQ(local.verdict, Verdict::kForward);
  EXPECT_EQ(local.egress, Port::kNode);
  EXPECT_EQ(ParseFlow(local.frame)->key.destination, At(kFirstEndpoint));
  EXPECT_EQ(Compare(ReplyTo(local)).frame.size(), request.frame.size());

  request = Request(kOtherPod, true);
  request.frame = ThroughTunnel(request.frame);
  const DatapathOutput remote = Compare(request);
  EXPECT_EQ(remote.frame.size(), request.frame.size());
  EXPECT_EQ(ParseFlow(Inside(remote.frame))->key.destination, At(kSecondEndpoint));
}

TEST_P(DatapathTunnelTest, TagsStayOutside) {
  const DatapathInput request = Request(kOutsideClient, true);
  const DatapathOutput output = Compare({.frame = WithVlanTag(request.frame, 7)});
  EXPECT_EQ(output.frame.size(), request.frame.size() + kTunnelBytes);
  EXPECT_TRUE(ChecksumsAreRight(Inside(output.frame)));
  const DatapathInput inside = Request(kOtherPod, false);
  EXPECT_EQ(Compare({.frame = ThroughTunnel(WithVlanTag(inside.frame, 7))}).verdict,
            Verdict::kPass);
  EXPECT_EQ(Compare({.frame = WithVlanTag(ThroughTunnel(inside.frame), 7)}).verdict,
            Verdict::kPass);
}

TEST_P(DatapathTunnelTest, WhatIsTooLongForTheTunnelIsPunted) {
  for (const bool to_tunnel : {false, true}) {
    for (const size_t over : {0, 1}) {
      const size_t headers = GetParam() == IpFamily::kIpv4 ? 40 : 60;
      TcpSpec spec;
      spec.payload.resize(kTunnel.mtu - headers + over);
      const DatapathOutput output = Compare(Request(kOutsideClient, to_tunnel, spec));
      const bool too_big = to_tunnel && over != 0;
      EXPECT_EQ(output.reason, too_big ? Reason::kTooBig : Reason::kNone);
    }
  }
}

TEST_P(DatapathTunnelTest, Congestion) {
  const struct {
    uint8_t outer;
    uint8_t inner;
    uint8_t left;
    Reason reason;
  } cases[] = {{kCongested, kCanSay, kCongested, Reason::kNone},
               {kCongested, 1, kCongested, Reason::kNone},
               {kCongested, kCongested, kCongested, Reason::kNone},
               {kCongested, kCannotSay, 0, Reason::kTunnelCongestion},
               {kCanSay, kCannotSay, kCannotSay, Reason::kNone},
               {kCanSay, kCanSay, kCanSay, Reason::kNone}};
  for (const auto& c : cases) {
    for (const bool to_tunnel : {false, true}) {
      DatapathInput request = Request(kOtherPod, to_tunnel);
      SetTos(request.frame, 0x40 | c.inner);
      request.frame = ThroughTunnel(request.frame, c.outer);
      const DatapathOutput output = Compare(request);
      EXPECT_STREQ(Name(output.reason), Name(c.reason));
      if (c.reason != Reason::kNone) continue;
      const FrameBytes left = to_tunnel ? Inside(output.frame) : output.frame;
      EXPECT_EQ(Tos(left), 0x40 | c.left);
      EXPECT_TRUE(ChecksumsAreRight(left));
      EXPECT_EQ(to_tunnel ? output.frame[kTosOffset] : Tos(left), 0x40 | c.left);
    }
  }
}

// Of any length, so that last beats give all they have to the one before, or not; back to back.
TEST_P(DatapathTunnelTest, AnyLengthBackToBack) {
  std::vector<DatapathInput> inputs;
  for (uint16_t payload = 0; payload < 200; ++payload) {
    TcpSpec spec;
    for (uint16_t i = 0; i < payload; ++i) spec.payload.push_back(static_cast<uint8_t>(i * 31));
    for (const bool to_tunnel : {false, true}) {
      DatapathInput request = Request(kOtherPod, to_tunnel, spec);
      inputs.push_back({.frame = WithVlanTag(request.frame, 9)});
      request.frame = ThroughTunnel(request.frame);
      inputs.push_back(request);
      if (payload % 3 == 0) inputs.push_back(TcpTo(kService, payload));
    }
  }
  for (const DatapathOutput& output : Compare(inputs)) {
    EXPECT_EQ(output.verdict, Verdict::kForward);
  }
}

INSTANTIATE_TEST_SUITE_P(Over, DatapathTunnelTest,
                         testing::Values(IpFamily::kIpv4, IpFamily::kIpv6), [](const auto& param) {
                           return param.param == IpFamily::kIpv4 ? "Ipv4" : "Ipv6";
                         });

// Everything by which a frame is not of the tunnel.
TEST_F(DatapathTest, OnlyItsOwnFramesComeThroughTheTunnel) {
  const Image image = TunnelWorld();
  card_.Load(image);
  pipeline_.SetImage(std::make_shared<const Image>(image));
  const FrameBytes whole = ThroughTunnel(TcpTo(kRejecting).frame);
  EXPECT_EQ(Compare({.frame = whole}).reason, Reason::kReject);
  EXPECT_EQ(Compare({.frame = whole, .ingress = Port::kNode}).verdict, Verdict::kPass);
  // EtherType, version, total length, fragment, protocol, destination, UDP port and length, VNI.
  for (const size_t byte : {12, 14, 16, 17, 20, 21, 23, 33, 36, 37, 38, 39, 46, 47, 48}) {
    FrameBytes other = whole;
    other[byte] ^= 0x10;
    EXPECT_NE(Compare({.frame = other}).reason, Reason::kReject) << byte;
  }
  FrameBytes without_flag = whole;
  without_flag[42] = 0xf7;
  EXPECT_EQ(Compare({.frame = without_flag}).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace pointsman
