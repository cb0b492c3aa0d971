// What the card hands over because it is not plain TCP or UDP: fragments, options, extension
// headers, ICMP errors, packets too long for a tunnel. Asked of the pipeline and of the simulated
// card alike; checksums are computed from scratch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <string>

#include "driver/open_card.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/flow.h"
#include "flow_tables/tunnel.h"
#include "host/datapath/card_executor.h"
#include "host/datapath/datapath.h"
#include "host/datapath/pipeline_executor.h"
#include "host/softpath/cut_up.h"
#include "tests/support/flow_checksums.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kPod4{0x0af40105};
constexpr Ipv4Address kOutside4{0xcb007102};
constexpr Ipv4Address kEndpoint4{0x0af4010a};
constexpr Ipv4Address kFarEndpoint4{0x0af4020b};
constexpr Ipv4Address kService4{0x0a60000a};
constexpr Ipv4Address kFarService4{0x0a60000b};
constexpr Ipv4Address kRouter4{0x0afe0001};
constexpr Ipv4Address kNode4{0xc0a80002};
const Address kPod6 = Address::FromWords(0xfd00001000000001, 0x5);
const Address kOutside6 = Address::FromWords(0x2600520000000000, 1);
const Address kEndpoint6 = Address::FromWords(0xfd00001000000001, 0xa);
const Address kService6 = Address::FromWords(0xfd00001000960000, 0x10);
const Address kRouter6 = Address::FromWords(0xfd00001000000009, 0x1);
const Address kNode6 = Address::FromWords(0x20010db800000000, 1);

const NextHop kGateway{Port::kUplink, {0x020000000101}, {0x020000000102}};
const NextHop kPodHop{Port::kNode, {0x020000000201}, {0x020000000101}};
const NextHop kFarHop{
    Port::kUplink, {0x020000000101}, {0x020000000102}, {0xc0a80003}, {0x020000000303}};
const Tunnel kTunnel{
    .address = kNode4, .port = 8472, .vni = 1, .mac = {0x020000000304}, .mtu = 1450};

constexpr uint16_t kAffine = 81;  // ports of the Services
constexpr uint16_t kRejecting = 82;

Frontend Of(const Address& address, uint16_t port, Protocol protocol, const Address& endpoint,
            const NextHop& hop) {
  Frontend frontend;
  frontend.name = "web";
  frontend.address = address;
  frontend.port = port;
  frontend.protocol = protocol;
  if (port == kRejecting) return frontend;
  frontend.inside = {FrontendAction::kForward, false, {{endpoint, 8080, hop}}};
  frontend.outside = {FrontendAction::kForward, true, {{endpoint, 8080, hop}}};
  if (port == kAffine) {
    frontend.affinity_seconds = 100;
    frontend.affinity_group = "web" + Describe(address);
  }
  return frontend;
}

Forwarding World() {
  Forwarding wanted;
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    for (const uint16_t port : {uint16_t{80}, kAffine, kRejecting}) {
      wanted.frontends.push_back(Of(kService4, port, protocol, kEndpoint4, kPodHop));
      wanted.frontends.push_back(Of(kService6, port, protocol, kEndpoint6, kPodHop));
    }
    wanted.frontends.push_back(Of(kFarService4, 80, protocol, kFarEndpoint4, kFarHop));
  }
  wanted.sources = {
      {Ipv4Prefix({0x0af40100}, 24), ClientClass::kLocalPod, kPodHop},
      {{Address::FromWords(0xfd00001000000001, 0), 64}, ClientClass::kLocalPod, kPodHop}};
  wanted.gateway = kGateway;
  wanted.tunnel = kTunnel;
  wanted.masquerade_address = kNode4;
  wanted.masquerade_address_v6 = kNode6;
  wanted.cluster_ips = {kService4, kFarService4, kService6};
  return wanted;
}

std::vector<uint8_t> Payload(size_t bytes) {
  std::vector<uint8_t> payload(bytes);
  std::iota(payload.begin(), payload.end(), uint8_t{1});
  return payload;
}

FrameBytes Build(const FlowKey& key, size_t payload, uint8_t flags = kTcpAck) {
  TcpSpec tcp{.source_port = key.source_port,
              .destination_port = key.destination_port,
              .flags = flags,
              .payload = Payload(payload)};
  UdpSpec udp{.source_port = key.source_port,
              .destination_port = key.destination_port,
              .payload = Payload(payload)};
  const bool is_tcp = key.protocol == Protocol::kTcp;
  if (!key.source.is_v4()) {
    const Ipv6Spec ip{.source = key.source, .destination = key.destination};
    return is_tcp ? BuildTcp(ip, tcp) : BuildUdp(ip, udp);
  }
  tcp.ip.source = udp.ip.source = key.source.v4();
  tcp.ip.destination = udp.ip.destination = key.destination.v4();
  tcp.ip.identification = udp.ip.identification = 0x4711;
  tcp.ip.fragment = udp.ip.fragment = 0;
  return is_tcp ? BuildTcp(tcp) : BuildUdp(udp);
}

FlowKey TurnedRound(const FlowKey& key) {
  return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
}

// Fragments with up to 1232 bytes each behind an IPv6 fragment header.
std::vector<FrameBytes> FragmentsIpv6(const FrameBytes& whole, uint32_t id) {
  constexpr size_t kStep = 1232;
  const auto body = std::span(whole).subspan(kIpv6TransportOffset);
  std::vector<FrameBytes> fragments;
  for (size_t at = 0; at < body.size(); at += kStep) {
    const size_t count = std::min(kStep, body.size() - at);
    FrameBytes fragment(whole.begin(), whole.begin() + kIpv6TransportOffset);
    fragment.resize(kIpv6TransportOffset + 8);
    uint8_t* header = fragment.data() + kIpv6TransportOffset;
    header[0] = whole[kIpv6NextHeaderOffset];
    StoreBe16(header + 2, static_cast<uint16_t>(at | (at + count < body.size() ? 1 : 0)));
    StoreBe32(header + 4, id);
    fragment[kIpv6NextHeaderOffset] = 44;
    StoreBe16(&fragment[kIpv6PayloadLengthOffset], static_cast<uint16_t>(8 + count));
    fragment.insert(fragment.end(), body.begin() + at, body.begin() + at + count);
    fragments.push_back(fragment);
  }
  return fragments;
}

std::vector<FrameBytes> Fragments(FrameBytes whole, uint16_t id = 0x4711) {
  if (LoadBe16(&whole[kEtherTypeOffset]) == kEtherTypeIpv6) return FragmentsIpv6(whole, id);
  StoreBe16(&whole[kIdentificationOffset], id);
  StoreBe16(&whole[kIpv4ChecksumOffset], 0);
  StoreBe16(&whole[kIpv4ChecksumOffset],
            InternetChecksum(std::span(whole).subspan(kIpv4Offset, kIpv4HeaderBytes)));
  return CutUp(whole, 1280);
}

// What the receiver makes of fragments: one frame, its IPv4 header's checksum as the first had it.
FrameBytes Reassembled(std::vector<FrameBytes> fragments) {
  const bool v4 = LoadBe16(&fragments[0][kEtherTypeOffset]) == kEtherTypeIpv4;
  const auto position = [&](const FrameBytes& f) -> size_t {
    return v4 ? (LoadBe16(&f[kFragmentOffset]) & kFragmentPosition) * size_t{8}
              : LoadBe16(&f[kIpv6TransportOffset + 2]) & 0xfff8;
  };
  std::ranges::sort(fragments, {}, position);
  FrameBytes whole;
  for (const FrameBytes& fragment : fragments) {
    const size_t headers = v4 ? kTransportOffset : kIpv6TransportOffset + 8;
    if (v4) {
      EXPECT_EQ(InternetChecksum(std::span(fragment).subspan(kIpv4Offset, 20)), 0);
    }
    if (whole.empty()) {
      whole.assign(fragment.begin(),
                   fragment.begin() + (v4 ? kTransportOffset : kIpv6TransportOffset));
      if (!v4) whole[kIpv6NextHeaderOffset] = fragment[kIpv6TransportOffset];
    }
    EXPECT_EQ(whole.size(), position(fragment) + (v4 ? kTransportOffset : kIpv6TransportOffset));
    whole.insert(whole.end(), fragment.begin() + static_cast<std::ptrdiff_t>(headers),
                 fragment.end());
  }
  if (v4) {
    StoreBe16(&whole[kTotalLengthOffset], static_cast<uint16_t>(whole.size() - kIpv4Offset));
    StoreBe16(&whole[kFragmentOffset], 0);
    StoreBe16(&whole[kIpv4ChecksumOffset], 0);
    StoreBe16(&whole[kIpv4ChecksumOffset],
              InternetChecksum(std::span(whole).subspan(kIpv4Offset, 20)));
  } else {
    StoreBe16(&whole[kIpv6PayloadLengthOffset],
              static_cast<uint16_t>(whole.size() - kIpv6TransportOffset));
  }
  return whole;
}

class DeepPacketsTest : public testing::TestWithParam<const char*> {
 protected:
  // Each is opened once: to open the simulated card takes seconds.
  static Datapath* Opened(const std::string& kind) {
    if (opened_.contains(kind)) return opened_[kind].get();
    std::unique_ptr<Executor> executor = MakePipelineExecutor(kSimSizes);
    if (kind == "card") {
      RingCardOptions options;
      options.deadline = std::chrono::seconds(60);
      auto card = OpenCard(SimulatedCardAddress{POINTSMAN_SIMULATED_CARD_FOLDER}, options);
      EXPECT_TRUE(card.ok()) << card.status();
      if (!card.ok()) return nullptr;
      executor = MakeCardExecutor(*std::move(card));
    }
    return (opened_[kind] = std::make_unique<Datapath>(std::move(executor))).get();
  }

  // XRT is not there any more when variables of the program end.
  static void TearDownTestSuite() { opened_.clear(); }

  void SetUp() override {
    datapath_ = Opened(GetParam());
    ASSERT_NE(datapath_, nullptr);
    ASSERT_TRUE(datapath_->Forget().ok());
    ASSERT_TRUE(datapath_->Program(World()).ok());
  }

  std::vector<ProcessedFrame> Run(const std::vector<FrameBytes>& frames, Port ingress) {
    std::vector<ReceivedFrame> received;
    for (const FrameBytes& frame : frames) received.push_back({ingress, frame});
    auto processed = datapath_->Process(received, now_);
    EXPECT_TRUE(processed.ok()) << processed.status();
    return processed.ok() ? *processed : std::vector<ProcessedFrame>(frames.size());
  }
  ProcessedFrame Run(const FrameBytes& frame, Port ingress) {
    return Run(std::vector<FrameBytes>{frame}, ingress)[0];
  }

  static std::vector<FrameBytes> SentOf(const std::vector<ProcessedFrame>& processed) {
    std::vector<FrameBytes> sent;
    for (const ProcessedFrame& one : processed) {
      for (const SentFrame& frame : one.sent) sent.push_back(frame.frame);
    }
    return sent;
  }

  // As a whole packet leaves.
  FlowKey Connect(const FlowKey& key, Port ingress) {
    const ProcessedFrame first = Run(Build(key, 4, kTcpSyn), ingress);
    EXPECT_EQ(first.fate, Fate::kForwarded);
    return first.sent.size() == 1 ? ParseFlow(first.sent[0].frame).value().key : FlowKey{};
  }

  static inline std::map<std::string, std::unique_ptr<Datapath>> opened_;
  Datapath* datapath_ = nullptr;
  absl::Time now_ = absl::UnixEpoch() + absl::Seconds(100);
};

struct Asked {
  FlowKey key;
  Port ingress;
};

// A pod and somebody outside (who is masqueraded), both families and protocols.
std::vector<Asked> Clients(uint16_t port, const std::vector<bool>& families = {true, false}) {
  std::vector<Asked> clients;
  uint16_t source_port = 40000;
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    for (const bool v4 : families) {
      const Address service = v4 ? Address(kService4) : kService6;
      clients.push_back(
          {{v4 ? Address(kPod4) : kPod6, service, ++source_port, port, protocol}, Port::kNode});
      clients.push_back(
          {{v4 ? Address(kOutside4) : kOutside6, service, ++source_port, port, protocol},
           Port::kUplink});
    }
  }
  return clients;
}

TEST_P(DeepPacketsTest, FragmentsOfAConnectionGoItsWay) {
  for (const Asked& asked : Clients(80)) {
    SCOPED_TRACE(Describe(asked.key.source) + Name(asked.key.protocol));
    const FlowKey leaves = Connect(asked.key, asked.ingress);
    for (const bool reversed : {false, true}) {
      std::vector<FrameBytes> fragments = Fragments(Build(asked.key, 3000), reversed ? 1 : 2);
      ASSERT_EQ(fragments.size(), 3u);
      if (reversed) std::ranges::reverse(fragments);
      const std::vector<FrameBytes> sent = SentOf(Run(fragments, asked.ingress));
      ASSERT_EQ(sent.size(), 3u);
      const FrameBytes whole = Reassembled(sent);
      EXPECT_TRUE(FlowChecksumsAreRight(whole));
      EXPECT_EQ(ParseFlow(whole)->key, leaves);
      EXPECT_EQ(LoadBe48(whole.data()), kPodHop.destination_mac.value);
      EXPECT_EQ(ParseFlow(whole)->hop_limit, 63);
    }
    const std::vector<ProcessedFrame> back =
        Run(Fragments(Build(TurnedRound(leaves), 2000)), Port::kNode);
    const FrameBytes whole = Reassembled(SentOf(back));
    EXPECT_TRUE(FlowChecksumsAreRight(whole));
    EXPECT_EQ(ParseFlow(whole)->key, TurnedRound(asked.key));
    EXPECT_EQ(back[0].sent[0].egress, asked.ingress);
  }
}

TEST_P(DeepPacketsTest, AConnectionMayBeginWithFragmentsOrOptions) {
  uint16_t source_port = 50000;
  for (const uint16_t port : {uint16_t{80}, kAffine}) {
    for (Asked asked : Clients(port)) {
      SCOPED_TRACE(Describe(asked.key.source) + Name(asked.key.protocol));
      asked.key.source_port = ++source_port;
      const std::vector<ProcessedFrame> processed =
          Run(Fragments(Build(asked.key, 3000)), asked.ingress);
      const FrameBytes whole = Reassembled(SentOf(processed));
      EXPECT_TRUE(FlowChecksumsAreRight(whole));
      const FlowKey leaves = Connect(asked.key, asked.ingress);
      EXPECT_EQ(ParseFlow(whole)->key, leaves);
      const ProcessedFrame back = Run(Build(TurnedRound(leaves), 10), Port::kNode);
      EXPECT_EQ(back.fate, Fate::kForwarded);
      now_ += absl::Seconds(31);
    }
  }
  UdpSpec with_options{.source_port = 50100, .destination_port = 80, .payload = Payload(9)};
  with_options.ip = {.source = kPod4, .destination = kService4, .options = {0x94, 4, 0, 0}};
  const ProcessedFrame there = Run(BuildUdp(with_options), Port::kNode);
  ASSERT_EQ(there.sent.size(), 1u);
  EXPECT_TRUE(ChecksumsAreRight(there.sent[0].frame));
  EXPECT_EQ(there.sent[0].frame[kTransportOffset], 0x94);
  EXPECT_EQ(LoadBe32(&there.sent[0].frame[kDestinationAddressOffset]), kEndpoint4.value);
  EXPECT_EQ(Connect({kPod4, kService4, 50100, 80, Protocol::kUdp}, Port::kNode).destination_port,
            8080);
}

TEST_P(DeepPacketsTest, ExtensionHeadersStay) {
  const FlowKey key{kPod6, kService6, 40000, 80, Protocol::kTcp};
  const FrameBytes plain = Build(key, 20);
  FrameBytes body = {6, 0, 1, 4, 0, 0, 0, 0};
  body.insert(body.end(), plain.begin() + kIpv6TransportOffset, plain.end());
  const ProcessedFrame there =
      Run(BuildIpv6({.source = kPod6, .destination = kService6}, 60, body), Port::kNode);
  ASSERT_EQ(there.sent.size(), 1u);
  FrameBytes sent = there.sent[0].frame;
  EXPECT_EQ(sent[kIpv6NextHeaderOffset], 60);
  sent.erase(sent.begin() + kIpv6TransportOffset, sent.begin() + kIpv6TransportOffset + 8);
  sent[kIpv6NextHeaderOffset] = 6;
  StoreBe16(&sent[kIpv6PayloadLengthOffset],
            static_cast<uint16_t>(sent.size() - kIpv6TransportOffset));
  EXPECT_TRUE(FlowChecksumsAreRight(sent));
  EXPECT_EQ(ParseFlow(sent)->key.destination, kEndpoint6);
}

TEST_P(DeepPacketsTest, WhatIsNobodysPassesUntouched) {
  for (const bool v4 : {true, false}) {
    const FlowKey key{v4 ? Address(kPod4) : kPod6, v4 ? Address(kEndpoint4) : kEndpoint6, 1, 2,
                      Protocol::kUdp};
    std::vector<FrameBytes> fragments = Fragments(Build(key, 3000));
    std::swap(fragments[0], fragments[2]);
    const std::vector<ProcessedFrame> processed = Run(fragments, Port::kNode);
    std::vector<FrameBytes> sent = SentOf(processed);
    std::ranges::sort(sent);
    std::ranges::sort(fragments);
    EXPECT_EQ(sent, fragments);
  }
}

TEST_P(DeepPacketsTest, FragmentsToNoEndpointsAreRejected) {
  for (const Asked& asked : Clients(kRejecting)) {
    const std::vector<ProcessedFrame> processed =
        Run(Fragments(Build(asked.key, 2000)), asked.ingress);
    EXPECT_EQ(processed[0].fate, Fate::kRejected);
    EXPECT_EQ(processed[1].fate, Fate::kHeld);
    ASSERT_EQ(processed[0].sent.size(), 1u);
    EXPECT_TRUE(ChecksumsAreRight(processed[0].sent[0].frame));
    now_ += absl::Seconds(31);
  }
}

// An error about `quoted` to its sender, with an MTU of 1400.
FrameBytes TooBig(const FrameBytes& quoted, const Address& from) {
  const auto flow = ParseFlow(quoted).value();
  const FrameBytes body(quoted.begin() + kIpv4Offset, quoted.begin() + kIpv4Offset + 60);
  if (!from.is_v4()) {
    return BuildIcmp(Ipv6Spec{.source = from, .destination = flow.key.source},
                     IcmpSpec{.type = 2, .rest = 1400, .payload = body});
  }
  IcmpSpec spec{.type = 3, .code = 4, .rest = 1400, .payload = body};
  spec.ip.source = from.v4();
  spec.ip.destination = flow.key.source.v4();
  return BuildIcmp(spec);
}

// Both checksums, and what is quoted.
FlowKey QuotedBy(const FrameBytes& error) {
  EXPECT_TRUE(ChecksumsAreRight(error));
  const bool v4 = LoadBe16(&error[kEtherTypeOffset]) == kEtherTypeIpv4;
  FrameBytes inside(error.begin(), error.begin() + kIpv4Offset);
  inside.insert(inside.end(), error.begin() + (v4 ? kTransportOffset : kIpv6TransportOffset) + 8,
                error.end());
  if (v4) {
    EXPECT_EQ(InternetChecksum(std::span(inside).subspan(kIpv4Offset, 20)), 0);
  }
  inside.resize(2000);
  return ParseFlow(inside).value().key;
}

TEST_P(DeepPacketsTest, IcmpErrorsAreTranslatedBothWays) {
  for (const Asked& asked : Clients(80)) {
    SCOPED_TRACE(Describe(asked.key.source) + Name(asked.key.protocol));
    const FlowKey leaves = Connect(asked.key, asked.ingress);
    const bool v4 = asked.key.source.is_v4();
    const Address router = v4 ? Address(kRouter4) : kRouter6;
    for (const Address& from : {router, leaves.destination}) {
      const ProcessedFrame back = Run(TooBig(Build(leaves, 500), from), Port::kNode);
      ASSERT_EQ(back.sent.size(), 1u);
      EXPECT_EQ(back.sent[0].egress, asked.ingress);
      const FrameBytes& error = back.sent[0].frame;
      EXPECT_EQ(QuotedBy(error), asked.key);
      EXPECT_EQ(ParseIp(error), std::nullopt);  // it is ICMP
      const auto source =
          std::span(error).subspan(v4 ? kSourceAddressOffset : kIpv6SourceOffset, v4 ? 4 : 16);
      EXPECT_EQ(Address::FromBytes(source), from == router ? router : asked.key.destination);
    }
    const FlowKey answer = TurnedRound(asked.key);  // as it left
    const ProcessedFrame there = Run(TooBig(Build(answer, 500), router), asked.ingress);
    ASSERT_EQ(there.sent.size(), 1u);
    EXPECT_EQ(QuotedBy(there.sent[0].frame), TurnedRound(leaves));
    EXPECT_EQ(there.sent[0].egress, Port::kNode);
  }
}

TEST_P(DeepPacketsTest, IcmpErrorsAboutNobodyPass) {
  const FrameBytes error = TooBig(Build({kPod4, kEndpoint4, 7, 8, Protocol::kTcp}, 100), kRouter4);
  const ProcessedFrame passed = Run(error, Port::kUplink);
  EXPECT_EQ(passed.fate, Fate::kPassed);
  EXPECT_EQ(SentOf({passed}), std::vector<FrameBytes>{error});
}

TEST_P(DeepPacketsTest, WhatIsTooLongForATunnelIsCutUp) {
  const FlowKey key{kPod4, kFarService4, 40000, 80, Protocol::kUdp};
  for (int i = 0; i < 2; ++i) {
    const ProcessedFrame there = Run(Build(key, 3000), Port::kNode);
    ASSERT_EQ(there.sent.size(), 3u);
    std::vector<FrameBytes> inside;
    for (const SentFrame& sent : there.sent) {
      EXPECT_LE(sent.frame.size(), kTunnelBytes + kIpv4Offset + kTunnel.mtu);
      EXPECT_EQ(LoadBe32(&sent.frame[kDestinationAddressOffset]), kFarHop.vxlan_address.value);
      inside.emplace_back(sent.frame.begin() + kTunnelBytes, sent.frame.end());
    }
    const FrameBytes whole = Reassembled(inside);
    EXPECT_TRUE(FlowChecksumsAreRight(whole));
    EXPECT_EQ(ParseFlow(whole)->key, (FlowKey{kPod4, kFarEndpoint4, 40000, 8080, Protocol::kUdp}));
  }
}

INSTANTIATE_TEST_SUITE_P(On, DeepPacketsTest, testing::Values("software", "card"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace pointsman
