// Frames that go into a tunnel leave by the card's port as the pipeline says: each length, back to
// back, with others between. The card is the RTL under the shipped driver; what is on its wires is
// compared, which no capture shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "driver/ring_card.h"
#include "flow_tables/pipeline.h"
#include "flow_tables/plan.h"
#include "sim/card/simulated_card.h"
#include "sim/card/verilated_model.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/simulated_transport.h"

namespace pointsman {
namespace {

constexpr Tunnel kTunnel{.address = {0xc0a80001}, .vni = 9, .mac = {0xf1}, .mtu = 9000};
constexpr Ipv4Address kService{0x0a600001};
const Address kIpv6Service = Address::FromWords(0xfd00000000000000, 0x0a600001);
const Address kIpv6Client = Address::FromWords(0xfd00000000000000, 0x0a000001);

// Each Service has an endpoint behind the tunnel.
Image World(const CardSizes& sizes) {
  ImageBuilder builder(sizes);
  const uint16_t hop =
      builder.AddNextHop({Port::kUplink, {0x020000000201}, {0x020000000202}, {0xc0a80002}, {0xf2}});
  const auto add = [&](const Address& address, const Address& endpoint) {
    const uint32_t slots = builder.AddSlots({builder.AddEndpoint(endpoint, 8080, hop)});
    builder.AddFrontend({.destination_address = address.bits(),
                         .destination_port = 80,
                         .protocol = static_cast<uint8_t>(Protocol::kTcp),
                         .outside_slots_base = slots});
  };
  add(kService, Ipv4Address{0x0af40001});
  add(kIpv6Service, Address::FromWords(0xfd00000000000000, 0x0af40001));
  builder.image().configuration.tunnel = kTunnel;
  return builder.image();
}

std::vector<Frame> Requests() {
  std::vector<Frame> frames;
  for (size_t bytes = 0; bytes < 200; ++bytes) {
    TcpSpec spec{.source_port = static_cast<uint16_t>(1024 + bytes % 9),
                 .payload = FrameBytes(bytes, static_cast<uint8_t>(bytes))};
    spec.ip.destination = kService;
    frames.push_back({BuildTcp(spec)});
    frames.push_back(
        {BuildTcp(Ipv6Spec{.source = kIpv6Client, .destination = kIpv6Service}, spec)});
    if (bytes % 5 == 0) frames.push_back({BuildUdp({.payload = FrameBytes(bytes)})});  // passes
  }
  TcpSpec longest{.payload = FrameBytes(8900)};
  longest.ip.destination = kService;
  frames.push_back({BuildTcp(longest)});
  for (Frame& frame : frames) {
    frame.bytes.resize(std::max(frame.bytes.size(), kMinFrameBytes));
  }
  return frames;
}

std::vector<FrameBytes> ByPipeline(const Image& image, const std::vector<Frame>& frames) {
  Pipeline pipeline(std::make_shared<const Image>(image));
  std::vector<FrameBytes> leaving;
  for (const Frame& frame : frames) {
    FrameBytes buffer(kTunnelBytes + frame.bytes.size());
    std::ranges::copy(frame.bytes, buffer.begin() + kTunnelBytes);
    Packet packet{std::span(buffer).subspan(kTunnelBytes), Port::kNode, 0, std::nullopt,
                  kTunnelBytes};
    Outcome outcome;
    pipeline.Process({&packet, 1}, {&outcome, 1});
    EXPECT_EQ(outcome.egress, Port::kUplink);
    leaving.emplace_back(packet.frame.begin(), packet.frame.end());
  }
  return leaving;
}

TEST(TunnelWireTest, LeavesByThePortAsThePipelineSays) {
  auto uplink = std::make_unique<QueueWire>();
  auto node = std::make_unique<QueueWire>();
  QueueWire& out = *uplink;
  QueueWire& in = *node;
  SimulatedCardOptions options;
  options.uplink = std::move(uplink);
  options.node = std::move(node);
  auto simulated = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
  ASSERT_TRUE(simulated.ok()) << simulated.status();
  RingCardOptions card_options;
  card_options.deadline = std::chrono::seconds(20);
  auto card = RingCard::Open(MakeSimulatedTransport(**simulated), card_options);
  ASSERT_TRUE(card.ok()) << card.status();
  const Image image = World((*card)->description().sizes);
  ASSERT_TRUE(
      (*card)->Configure({.mode = Mode::kOffload, .configuration = image.configuration}).ok());
  ASSERT_TRUE((*card)->Write(MakePlan(EmptyImage(image.sizes), image).writes).ok());

  const std::vector<Frame> frames = Requests();
  const std::vector<FrameBytes> expected = ByPipeline(image, frames);
  in.to_card.assign(frames.begin(), frames.end());
  for (int i = 0; i < 1000 && out.from_card.size() < frames.size(); ++i) {
    ASSERT_TRUE((*simulated)->Run(64).ok());
  }
  ASSERT_EQ(out.from_card.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(out.from_card[i].bytes == expected[i])
        << "frame " << i << ": " << DescribeFrame(frames[i].bytes)
        << "\n  card:     " << DescribeFrame(out.from_card[i].bytes)
        << "\n  pipeline: " << DescribeFrame(expected[i]);
  }
}

}  // namespace
}  // namespace pointsman
