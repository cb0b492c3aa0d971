// Connections that a card carries outlive what happens around them: changes of endpoints that leave
// theirs serving, and another agent in place of this one. The card is the RTL under the shipped
// driver and the agent's reconciler; packets are counted on its wires.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "driver/ring_card.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "host/agent/reconciler.h"
#include "sim/card/simulated_card.h"
#include "sim/card/verilated_model.h"
#include "tests/flow_tables/random.h"
#include "tests/support/packet_builder.h"
#include "tests/support/simulated_transport.h"

namespace pointsman {
namespace {

constexpr uint32_t kServices = 16;

uint32_t Setting(const char* name, uint32_t in_short) {
  const char* value = std::getenv(name);
  return value == nullptr ? in_short : static_cast<uint32_t>(std::atoi(value));
}

Backend Pod(uint32_t number) {
  return {.address = Ipv4Address{0x0af40000 + number},
          .port = 8080,
          .next_hop = {.egress = Port::kUplink,
                       .destination_mac = MacAddress{uint64_t{0x020000000100} + number % 32},
                       .source_mac = MacAddress{0x020000000001}}};
}

Forwarding World() {
  Forwarding wanted;
  for (uint32_t i = 0; i < kServices; ++i) {
    Frontend frontend{.name = "shop/cart", .address = Ipv4Address{0x0a600000 + i}, .port = 80};
    frontend.outside = {FrontendAction::kForward, false, {}};
    for (uint32_t j = 0; j < 4; ++j) frontend.outside.endpoints.push_back(Pod(i * 4 + j));
    frontend.inside = frontend.outside;
    wanted.frontends.push_back(frontend);
  }
  wanted.masquerade_address = {0xc0a80002};
  return wanted;
}

class SurvivalTest : public testing::Test {
 protected:
  void SetUp() override {
    auto uplink = std::make_unique<QueueWire>();
    auto node = std::make_unique<QueueWire>();
    out_ = uplink.get();
    in_ = node.get();
    SimulatedCardOptions options;
    options.uplink = std::move(uplink);
    options.node = std::move(node);
    auto simulated = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
    ASSERT_TRUE(simulated.ok()) << simulated.status();
    simulated_ = *std::move(simulated);
  }

  void OpenCard(bool adopt) {
    RingCardOptions options;
    options.adopt = adopt;
    options.deadline = std::chrono::seconds(20);
    auto card = RingCard::Open(MakeSimulatedTransport(*simulated_), options);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = *std::move(card);
  }

  static Frame PacketOf(uint32_t connection) {
    TcpSpec spec{.source_port = static_cast<uint16_t>(1024 + connection / kServices % 60000),
                 .flags = kTcpAck};
    spec.ip.source = {0x0a000001 + connection / kServices / 60000};
    spec.ip.destination = {0x0a600000 + connection % kServices};
    Frame frame{BuildTcp(spec)};
    frame.bytes.resize(kMinFrameBytes);
    return frame;
  }

  void Send(uint32_t connection) {
    in_->to_card.push_back(PacketOf(connection));
    sent_.push_back(connection);
  }

  // Waits for what was sent, and says where each packet went: address and MAC.
  using Place = std::pair<uint32_t, uint64_t>;
  std::vector<std::pair<uint32_t, Place>> Collect() {
    for (int i = 0; i < 10000 && out_->from_card.size() < sent_.size(); ++i) {
      EXPECT_TRUE(simulated_->Run(64).ok());
    }
    EXPECT_EQ(out_->from_card.size(), sent_.size()) << "packets are lost";
    std::vector<std::pair<uint32_t, Place>> places;
    for (size_t i = 0; i < std::min(out_->from_card.size(), sent_.size()); ++i) {
      const uint8_t* bytes = out_->from_card[i].bytes.data();
      places.push_back({sent_[i],
                        {LoadBe32(bytes + kDestinationAddressOffset),
                         uint64_t{LoadBe32(bytes)} << 16 | LoadBe16(bytes + 4)}});
    }
    out_->from_card.clear();
    sent_.clear();
    return places;
  }

  void OpenConnections(uint32_t count) {
    for (uint32_t connection = 0; connection < count; ++connection) {
      Send(connection);
      if (connection % 256 != 255 && connection + 1 != count) continue;
      for (const auto& [number, place] : Collect()) places_.push_back(place);
      ASSERT_TRUE(card_->Poll().ok());
    }
    ASSERT_EQ(places_.size(), count);
  }

  void CountBroken() {
    for (const auto& [connection, place] : Collect()) broken_ += place != places_[connection];
  }

  QueueWire* out_ = nullptr;
  QueueWire* in_ = nullptr;
  std::unique_ptr<SimulatedCard> simulated_;
  std::unique_ptr<Card> card_;
  std::vector<uint32_t> sent_;
  std::vector<Place> places_;  // by connection
  uint64_t broken_ = 0;
};

// POINTSMAN_CONNECTIONS=26000 POINTSMAN_CHANGES=10000: a card full of them.
TEST_F(SurvivalTest, ConnectionsOutliveChangesOfEndpoints) {
  const uint32_t connections = Setting("POINTSMAN_CONNECTIONS", 1000);
  const uint32_t changes = Setting("POINTSMAN_CHANGES", 40);
  std::mt19937_64 random = TestRandom();
  ASSERT_NO_FATAL_FAILURE(OpenCard(false));
  Forwarding wanted = World();
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.Program(wanted).ok());
  ASSERT_NO_FATAL_FAILURE(OpenConnections(connections));
  uint32_t next_pod = kServices * 4;
  for (uint32_t change = 0; change < changes; ++change) {
    Frontend& frontend = wanted.frontends[Below(random, kServices)];
    auto& endpoints = frontend.outside.endpoints;
    if (endpoints.size() < 2 || (endpoints.size() < 8 && Below(random, 2) == 0)) {
      endpoints.push_back(Pod(next_pod++ % 0xffff));
      std::ranges::sort(endpoints);
    } else {
      endpoints.erase(endpoints.begin() + Below(random, static_cast<uint32_t>(endpoints.size())));
    }
    frontend.inside = frontend.outside;
    for (int i = 0; i < 32; ++i) Send(Below(random, connections));
    ASSERT_TRUE(reconciler.Update({.frontends = {frontend}, .gone = {}}).ok());
    CountBroken();
    ASSERT_TRUE(card_->Poll().ok());
  }
  for (uint32_t connection = 0; connection < connections; ++connection) {
    Send(connection);
    if (connection % 256 == 255 || connection + 1 == connections) CountBroken();
  }
  std::cout << broken_ << " of " << connections << " connections broken by " << changes
            << " changes\n";
  EXPECT_EQ(broken_, 0u);
}

// One agent goes, packets pass, another comes, more pass while it starts: none is lost, none goes
// elsewhere, and it writes only what is new.
TEST_F(SurvivalTest, AnotherAgentAdoptsWhatIsProgrammed) {
  ASSERT_NO_FATAL_FAILURE(OpenCard(false));
  Forwarding wanted = World();
  {
    Reconciler first(*card_, 0);
    ASSERT_TRUE(first.Program(wanted).ok());
    ASSERT_NO_FATAL_FAILURE(OpenConnections(512));
    ASSERT_TRUE(card_->Poll().ok());
    card_.reset();
  }
  for (uint32_t connection = 0; connection < 512; ++connection) Send(connection);
  CountBroken();
  for (uint32_t connection = 0; connection < 512; ++connection) Send(connection);
  ASSERT_NO_FATAL_FAILURE(OpenCard(true));
  Reconciler second(*card_, 0);
  ASSERT_TRUE(second.Adopt().ok());
  const auto nothing = second.Program(wanted);
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_EQ(*nothing, 0u);
  CountBroken();
  wanted.frontends[3].outside.endpoints.pop_back();
  wanted.frontends[3].inside = wanted.frontends[3].outside;
  for (uint32_t connection = 0; connection < 512; ++connection) Send(connection);
  ASSERT_GT(second.Program(wanted).value(), 0u);
  CountBroken();
  EXPECT_EQ(broken_, 0u);
}

}  // namespace
}  // namespace pointsman
