// What the card leaves to the host: protocols it does not carry, addresses of Services that no
// frontend takes, frontends whose endpoint the host chooses, and packets that it gives back.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/hw/datapath_fixture.h"
#include "tests/support/image_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kHosted{0x0a600007};  // 10.96.0.7, tcp 80: the host chooses
constexpr uint32_t kFirstRow = 0, kSecondRow = 1, kInvalidRow = 4000;
constexpr uint8_t kSctp = 132;

Image HostWorld() {
  Image image = SmallWorld();
  FrontendRow hosted{};
  hosted.destination_address = Address(kHosted).bits();
  hosted.destination_port = 80;
  hosted.protocol = static_cast<uint8_t>(Protocol::kTcp);
  hosted.counter = 20;
  hosted.outside_action = hosted.inside_action = FrontendAction::kHost;
  hosted.inside_masquerade = true;
  ImageBuilder builder(image.sizes);
  const uint32_t row = builder.AddFrontend(hosted);
  image.frontends[row] = builder.image().frontends[row];
  image.configuration.host_protocols.sctp = true;
  const auto range = [](const AddressPrefix& prefix) {
    return ServiceRange{.address = prefix.address.bits(),
                        .mask = {.low = prefix.LowMask(), .high = prefix.HighMask()}};
  };
  image.configuration.service_ranges[1] = range(Ipv4Prefix({0x0a600000}, 24));
  image.configuration.service_ranges[3] = range(Ipv4Prefix({0xac1e0001}, 32));
  image.configuration.service_ranges[7] = range({In(IpFamily::kIpv6, {0x0a600000}), 120});
  return image;
}

class DatapathHostTest : public DatapathTest {
 protected:
  DatapathHostTest() : DatapathTest(HostWorld()) {}

  static DatapathInput Directed(Ipv4Address destination, uint32_t endpoint, uint16_t source_port) {
    DatapathInput input = TcpTo(destination, source_port);
    input.injected = true;
    input.directed_endpoint = endpoint;
    return input;
  }
};

TEST_F(DatapathHostTest, SctpIsTheHosts) {
  const struct {
    const char* name;
    FrameBytes frame;
    Reason reason;
  } cases[] = {
      {"SCTP over IPv6", BuildIpv6({}, kSctp, FrameBytes(32)), Reason::kSctp},
      {"SCTP over IPv6, no content", BuildIpv6({}, kSctp, FrameBytes(0)), Reason::kSctp},
      {"SCTP", BuildIpv4({}, kSctp, FrameBytes(32)), Reason::kSctp},
      {"SCTP fragment", BuildIpv4({.fragment = 0x2000}, kSctp, FrameBytes(32)), Reason::kSctp},
      {"SCTP with options", BuildIpv4({.options = {1, 1, 1, 1}}, kSctp, FrameBytes(8)),
       Reason::kSctp},
  };
  for (const auto& c : cases) {
    EXPECT_STREQ(Name(Compare({.frame = c.frame}).reason), Name(c.reason)) << c.name;
  }
}

TEST_F(DatapathHostTest, SctpThatTheHostDoesNotForwardPasses) {
  Image image = HostWorld();
  image.configuration.host_protocols.sctp = false;
  card_.SetConfiguration(image.configuration);
  pipeline_.SetImage(std::make_shared<const Image>(image));
  EXPECT_EQ(Compare({.frame = BuildIpv6({}, kSctp, FrameBytes(32))}).verdict, Verdict::kPass);
  EXPECT_EQ(Compare({.frame = BuildIpv4({}, kSctp, FrameBytes(32))}).verdict, Verdict::kPass);
}

TEST_F(DatapathHostTest, AddressesOfServicesWithoutAFrontend) {
  const struct {
    Ipv4Address destination;
    uint16_t port;
    Reason reason;
  } cases[] = {
      {{0x0a600064}, 80, Reason::kServiceRange}, {kService, 81, Reason::kServiceRange},
      {{0x0a6000ff}, 80, Reason::kServiceRange}, {{0x0a600100}, 80, Reason::kNone},
      {{0xac1e0001}, 80, Reason::kServiceRange}, {{0xac1e0000}, 80, Reason::kNone},
      {{0x08080808}, 80, Reason::kNone},         {{0}, 80, Reason::kNone},
  };
  for (const auto& c : cases) {
    EXPECT_STREQ(Name(Compare(TcpTo(c.destination, 40000, kOutsideClient, c.port)).reason),
                 Name(c.reason))
        << std::hex << c.destination.value << ":" << std::dec << c.port;
  }
  const Address client = In(IpFamily::kIpv6, kOutsideClient);
  const auto to = [&](uint32_t address, uint16_t port) {
    return Compare(TcpTo(In(IpFamily::kIpv6, {address}), 40000, client, port)).reason;
  };
  EXPECT_EQ(to(0x0a600064, 80), Reason::kServiceRange);
  EXPECT_EQ(to(kService.value, 81), Reason::kServiceRange);
  EXPECT_EQ(to(0x0a600100, 80), Reason::kNone);
}

// One protocol or the other, of either family; whether a frontend takes it or not.
TEST_F(DatapathHostTest, WhatNoConnectionTakesIsTheHostsWhereItHasConnections) {
  const auto with = [&](const HostProtocols& host) {
    Image image = HostWorld();
    image.configuration.host_protocols = host;
    card_.SetConfiguration(image.configuration);
    pipeline_.SetImage(std::make_shared<const Image>(image));
  };
  const auto tcp = [&](IpFamily family, Ipv4Address to, uint16_t port) {
    return Compare(TcpTo(In(family, to), port, In(family, kOutsideClient)));
  };
  const auto udp = [&](IpFamily family) {
    const UdpSpec spec{.ip = {.destination = {0x08080808}}, .destination_port = 53};
    if (family == IpFamily::kIpv4) return Compare({.frame = BuildUdp(spec)}).reason;
    return Compare({.frame = BuildUdp(Ipv6Spec{}, spec)}).reason;
  };
  for (const IpFamily family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
    with({});
    ASSERT_TRUE(tcp(family, kService, 1).learned);
    with({.udp = true});
    EXPECT_EQ(udp(family), Reason::kHostConnections);
    EXPECT_TRUE(tcp(family, kService, 2).learned);
    with({.sctp = true, .tcp = true});
    EXPECT_EQ(udp(family), Reason::kNone);
    for (const Ipv4Address to :
         {kService, kHosted, kRejecting, kDropping, kNoEndpoint, Ipv4Address{0x08080808}}) {
      EXPECT_EQ(tcp(family, to, 3).reason, Reason::kHostConnections) << std::hex << to.value;
    }
    // Known connections go on.
    const DatapathOutput known = tcp(family, kService, 1);
    EXPECT_EQ(known.verdict, Verdict::kForward);
    EXPECT_EQ(Compare(ReplyTo(known)).verdict, Verdict::kForward);
  }
}

TEST_F(DatapathHostTest, WhatTheHostGivesBackIsNotHandedOverAgain) {
  Image image = HostWorld();
  image.configuration.host_protocols.tcp = true;
  card_.SetConfiguration(image.configuration);
  pipeline_.SetImage(std::make_shared<const Image>(image));
  DatapathInput retried = TcpTo(kService, 7);
  retried.injected = true;
  EXPECT_EQ(Compare(retried).reason, Reason::kHostConnections);
  retried.attempt = 1;
  EXPECT_TRUE(Compare(retried).learned);
  EXPECT_TRUE(Compare(Directed(kService, kFirstRow, 8)).learned);
  EXPECT_EQ(Compare(Directed(kRejecting, kFirstRow, 9)).reason, Reason::kReject);
  EXPECT_EQ(Compare(Directed({0x08080808}, kFirstRow, 4)).verdict, Verdict::kPass);
}

TEST_F(DatapathHostTest, TheHostChoosesTheEndpoint) {
  EXPECT_EQ(Compare(TcpTo(kHosted, 1000)).reason, Reason::kHostDecides);
  const DatapathOutput first = Compare(Directed(kHosted, kFirstRow, 1000));
  EXPECT_EQ(first.verdict, Verdict::kForward);
  EXPECT_TRUE(first.learned);
  EXPECT_EQ(first.endpoint, kFirstRow);
  const DatapathOutput second = Compare(Directed(kHosted, kSecondRow, 1001));
  EXPECT_EQ(second.endpoint, kSecondRow);
  // A known connection is translated as it was recorded, whoever asks.
  EXPECT_EQ(Compare(TcpTo(kHosted, 1000)).endpoint, kFirstRow);
  EXPECT_EQ(Compare(Directed(kHosted, kSecondRow, 1000)).endpoint, kFirstRow);
  EXPECT_EQ(Compare(ReplyTo(first)).verdict, Verdict::kForward);
}

TEST_F(DatapathHostTest, DirectionsTheOtherRulesStayAbove) {
  EXPECT_EQ(Compare(Directed(kHosted, kInvalidRow, 1)).reason, Reason::kNoEndpoint);
  EXPECT_EQ(Compare(Directed(kRejecting, kFirstRow, 2)).reason, Reason::kReject);
  EXPECT_EQ(Compare(Directed(kDropping, kFirstRow, 3)).verdict, Verdict::kDrop);
  EXPECT_EQ(Compare(Directed({0x08080808}, kFirstRow, 4)).verdict, Verdict::kPass);
  for (uint16_t port = 5; port < 15; ++port) {
    EXPECT_EQ(Compare(Directed(kService, kSecondRow, port)).endpoint, kSecondRow);
  }
}

TEST_F(DatapathHostTest, BackToBack) {
  std::vector<DatapathInput> inputs;
  for (uint16_t i = 0; i < 200; ++i) {
    inputs.push_back(Directed(kHosted, i % 2, static_cast<uint16_t>(2000 + i / 2)));
    inputs.push_back(TcpTo(i % 3 == 0 ? kHosted : kService, static_cast<uint16_t>(2000 + i)));
    if (i % 5 == 0) inputs.push_back({.frame = BuildIpv6({}, kSctp, FrameBytes(32))});
  }
  Compare(std::move(inputs));
}

}  // namespace
}  // namespace pointsman
