// More happens than the event ring takes: the card says so, and what it holds is read from its
// tables. The card is the RTL, driven by the shipped driver through XRT.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "host/agent/read_connections.h"
#include "host/cli/open_datapath.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr size_t kConnections = 700;  // of each family; the card keeps 512 events that wait
constexpr Ipv4Address kService{0x0a600001};
const Address kIpv6Service = Address::FromWords(0xfd00000000000000, 0x0a600001);
const Address kIpv6Client = Address::FromWords(0xfd00000000000000, 0x0a000001);

Image TwoServices(const CardSizes& sizes) {
  ImageBuilder builder(sizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const auto add = [&](const Address& address, const Address& endpoint) {
    const uint32_t slots = builder.AddSlots({builder.AddEndpoint(endpoint, 8080, hop)});
    builder.AddFrontend({.destination_address = address.bits(),
                         .destination_port = 80,
                         .protocol = static_cast<uint8_t>(Protocol::kTcp),
                         .outside_slots_base = slots});
  };
  add(kService, Ipv4Address{0x0af40001});
  add(kIpv6Service, Address::FromWords(0xfd00000000000000, 0x0af40001));
  return builder.image();
}

std::vector<FrameBytes> FirstPackets() {
  std::vector<FrameBytes> frames;
  for (size_t i = 0; i < kConnections; ++i) {
    TcpSpec spec{.source_port = static_cast<uint16_t>(1024 + i)};
    spec.ip.destination = kService;
    frames.push_back(BuildTcp(spec));
    frames.push_back(BuildTcp(Ipv6Spec{.source = kIpv6Client, .destination = kIpv6Service}, spec));
  }
  return frames;
}

TEST(LostEventsTest, TheTablesSayWhatTheEventsDidNot) {
  RingCardOptions options;
  options.rings.event_lines_log2 = 4;
  auto opened = OpenChosenCard({}, options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Card& card = **opened;
  const Image image = TwoServices(card.description().sizes);
  ASSERT_TRUE(card.Configure({.mode = Mode::kOffload, .configuration = image.configuration}).ok());
  ASSERT_TRUE(card.Write(MakePlan(EmptyImage(image.sizes), image).writes).ok());

  const std::vector<FrameBytes> frames = FirstPackets();
  std::vector<InjectedFrame> injected;
  for (const FrameBytes& frame : frames) injected.push_back({.line = {}, .frame = frame});
  ASSERT_TRUE(card.Inject(injected).ok());

  ConnectionList connections;
  uint32_t lost = 0;
  size_t told = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (told + lost < frames.size() && std::chrono::steady_clock::now() < deadline) {
    auto output = card.Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    told += output->events.size() + output->events_ipv6.size();
    lost = output->events_lost;
    connections.Take(*output, image);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(told + lost, frames.size());
  EXPECT_EQ(connections.by_row().size(), told);

  const absl::Status read = ReadConnections(card, connections);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(connections.by_row().size(), frames.size());
}

}  // namespace
}  // namespace pointsman
