#include "host/datapath/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

const Address kPod = Ipv4Address{0x0af40105};
const Address kWeb = Ipv4Address{0x0a60000a};

Image World() {
  Forwarding wanted;
  Frontend web;
  web.name = "shop/web ClusterIP";
  web.address = kWeb;
  web.port = 80;
  web.inside = {FrontendAction::kForward, false, {{Ipv4Address{0x0af40109}, 8080, {}}}};
  web.outside = {FrontendAction::kDrop, false, {}};
  Frontend sticky = web;
  sticky.port = 81;
  sticky.affinity_seconds = 10;
  Frontend turns = web;
  turns.port = 83;
  turns.scheduler = Scheduler::kRoundRobin;
  wanted.frontends = {web, sticky, turns};
  wanted.sources = {{Ipv4Prefix({0x0af40000}, 16), ClientClass::kLocalPod, {}}};
  wanted.cluster_ips = {kWeb};
  return *BuildImage(wanted, EmptyImage(kSimSizes));
}

std::string Met(const Address& source, uint16_t port, Protocol protocol = Protocol::kTcp) {
  std::string text;
  for (const std::string& line : RowsMet(World(), {source, kWeb, 40000, port, protocol})) {
    text += line + "\n";
  }
  return text;
}

TEST(RowsMetTest, FollowsAPacketThroughTheTables) {
  const std::string text = Met(kPod, 80);
  EXPECT_THAT(text, HasSubstr("10.244.0.0/16 is local-pod"));
  EXPECT_THAT(text, HasSubstr("shop/web ClusterIP, inside half: forward"));
  EXPECT_THAT(text, HasSubstr("number 0 of the run's 1: endpoint 0"));
  EXPECT_THAT(text, HasSubstr("endpoints[0]: 10.244.1.9:8080"));
  EXPECT_THAT(text, HasSubstr("the card: records the connection"));
}

TEST(RowsMetTest, SaysWhoDecidesAndWhy) {
  EXPECT_THAT(Met(Ipv4Address{0x01020304}, 80), HasSubstr("the card: drops it"));
  EXPECT_THAT(Met(kPod, 81), HasSubstr("a client that table affinity knows meets its endpoint"));
  EXPECT_THAT(Met(kPod, 83), HasSubstr("software: decides on the first packet"));
  EXPECT_THAT(Met(kPod, 82), HasSubstr("service range 0 (10.96.0.10/32)"));
  EXPECT_THAT(Met(kPod, 80, Protocol::kSctp), HasSubstr("software: the card's tables hold TCP"));
}

TEST(RowsMetTest, AHairpinIsMasqueraded) {
  EXPECT_THAT(Met(Ipv4Address{0x0af40109}, 80), HasSubstr("(hairpin)"));
}

}  // namespace
}  // namespace pointsman
