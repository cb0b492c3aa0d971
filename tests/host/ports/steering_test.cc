#include "host/ports/steering.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint8_t kFourShards = 2;
constexpr Ipv4Address kService{0x0a600001};

Image OneService() {
  ImageBuilder builder(kSimSizes);
  builder.AddFrontend({.destination_address = Address(kService).bits(),
                       .destination_port = 80,
                       .protocol = static_cast<uint8_t>(Protocol::kTcp)});
  return builder.image();
}

FrameBytes From(Ipv4Address source, uint16_t source_port, Ipv4Address destination, uint16_t port) {
  TcpSpec spec{.source_port = source_port, .destination_port = port};
  spec.ip.source = source;
  spec.ip.destination = destination;
  return BuildTcp(spec);
}

TEST(SteeringTest, BothDirectionsOfAConnectionMeet) {
  const Image image = OneService();
  const Steering steering(image, nullptr);
  std::set<uint32_t> owners;
  for (uint16_t port = 40000; port < 40064; ++port) {
    const auto there = steering.OwnerOf(From({1}, port, kService, 80), Port::kNode, kFourShards);
    const auto back = steering.OwnerOf(From({2}, 8080, {1}, port), Port::kNode, kFourShards);
    ASSERT_TRUE(there);
    EXPECT_EQ(there, back);
    owners.insert(*there);
  }
  EXPECT_EQ(owners, (std::set<uint32_t>{0, 1, 2, 3}));
}

TEST(SteeringTest, AFrontendThatIsGoneIsRemembered) {
  const Image image = OneService();
  const Steering before(image, nullptr);
  const Steering after(EmptyImage(kSimSizes), &before);
  const Steering without(EmptyImage(kSimSizes), nullptr);
  const FrameBytes frame = From({1}, 40002, kService, 80);
  EXPECT_EQ(before.OwnerOf(frame, Port::kNode, kFourShards), 1u);
  EXPECT_EQ(after.OwnerOf(frame, Port::kNode, kFourShards), 1u);
  EXPECT_EQ(without.OwnerOf(frame, Port::kNode, kFourShards), 0u);
}

TEST(SteeringTest, WhatHasNoPortsStaysWhereItCame) {
  const Steering steering(OneService(), nullptr);
  EXPECT_EQ(steering.OwnerOf(BuildIcmp({.type = 3}), Port::kNode, kFourShards), std::nullopt);
  EXPECT_EQ(steering.OwnerOf(BuildUdp({.ip = {.fragment = 1}}), Port::kNode, kFourShards),
            std::nullopt);
  EXPECT_EQ(steering.OwnerOf({}, Port::kNode, kFourShards), std::nullopt);
}

// Whatever port a shard takes for a connection of its own belongs to it.
TEST(SteeringTest, SourcePortsOfAShardAreItsOwn) {
  for (uint8_t index = 0; index < 4; ++index) {
    const MasqueradePorts ports = PortsOfShard({}, {index, kFourShards});
    EXPECT_EQ(ports.base & ports.mask, 0);
    for (uint32_t hash = 0; hash < 0x10000; ++hash) {
      const auto port = static_cast<uint16_t>(ports.base | (hash & ports.mask));
      EXPECT_EQ(ShardOfPort(port, kFourShards), index);
      EXPECT_GE(port, 0xc000);
    }
  }
  EXPECT_EQ(PortsOfShard({}, {}), MasqueradePorts{});
}

}  // namespace
}  // namespace pointsman
