// Packets that follow each other closely: each sees what every packet before it recorded.
#include <algorithm>
#include <set>
#include <string>

#include "flow_tables/flow.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

constexpr uint32_t kDistanceMax = 40;

FrameBytes Filler() { return TcpTo({0x08080808}).frame; }

struct Between {
  bool packets;  // else empty clocks
  IpFamily family;
};

class NearTest : public DatapathTest, public testing::WithParamInterface<Between> {
 protected:
  DatapathInput Request(Ipv4Address service, uint32_t port) const {
    const IpFamily family = GetParam().family;
    return TcpTo(In(family, service), static_cast<uint16_t>(port), In(family, kOutsideClient));
  }
  // IPv6 TCP takes two beats: two frames are no nearer than that.
  uint32_t NearestDistance() const { return GetParam().family == IpFamily::kIpv4 ? 1 : 2; }

  // `second` comes `distance` clocks behind `first`.
  std::vector<DatapathOutput> CompareAt(uint32_t distance, const DatapathInput& first,
                                        const DatapathInput& second) {
    const uint32_t between = distance - NearestDistance();
    std::vector<DatapathInput> inputs{first};
    for (uint32_t i = 0; i < between && GetParam().packets; ++i) {
      inputs.push_back({.frame = Filler()});
    }
    inputs.push_back(second);
    if (!GetParam().packets) inputs.back().gap_cycles = between;
    return Compare(inputs);
  }
};

TEST_P(NearTest, SameConnectionAtEveryDistance) {
  for (uint32_t distance = NearestDistance(); distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    const DatapathInput request = Request(kService, 1000 + distance);
    const std::vector<DatapathOutput> outputs = CompareAt(distance, request, request);
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_FALSE(outputs.back().learned);
    EXPECT_EQ(outputs.front().frame, outputs.back().frame);
  }
}

TEST_P(NearTest, ReplyAtEveryDistance) {
  for (uint32_t distance = NearestDistance(); distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    // What the answer will be is learned from a card that has been asked before.
    const DatapathInput first = Request(kMasqueraded, 2000 + distance);
    DatapathOutput forwarded;
    forwarded.frame = first.frame;
    Packet packet{forwarded.frame, Port::kUplink, 0};
    Outcome outcome;
    Pipeline oracle(std::make_shared<const Image>(SmallWorld()), 2);
    oracle.Process({&packet, 1}, {&outcome, 1});

    const std::vector<DatapathOutput> outputs = CompareAt(distance, first, ReplyTo(forwarded));
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_EQ(outputs.back().verdict, Verdict::kForward);
    EXPECT_EQ(ParseFlow(outputs.back().frame)->key.source, In(GetParam().family, kMasqueraded));
  }
}

TEST_P(NearTest, SourcePortTakenAtEveryDistance) {
  Image image = SmallWorld();
  image.configuration.masquerade_ports = {.base = 0x8000, .mask = 0};
  for (FrontendRow& row : image.frontends) row.inside_slots_log2 = row.outside_slots_log2 = 0;
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.Load(image);
  // Each distance has its own source port base, so its reply keys are new.
  for (uint32_t distance = NearestDistance(); distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    image.configuration.masquerade_ports.base = static_cast<uint16_t>(0x8000 + distance);
    pipeline_.SetImage(std::make_shared<const Image>(image));
    card_.SetConfiguration(image.configuration);
    const std::vector<DatapathOutput> outputs = CompareAt(
        distance, Request(kMasqueraded, 3000 + distance), Request(kMasqueraded, 4000 + distance));
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_EQ(outputs.back().reason, Reason::kSourcePortTaken);
  }
}

// Where the host has connections of its own, what the card knows since a moment ago is the card's.
TEST_P(NearTest, NotTheHostsAtEveryDistance) {
  Image image = SmallWorld();
  const Bits128 endpoint = In(GetParam().family, kFirstEndpoint).bits();
  const auto row = std::ranges::find(image.endpoints, endpoint, &EndpointRow::address);
  ASSERT_NE(row, image.endpoints.end());
  image.configuration.host_protocols.tcp = true;
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.SetConfiguration(image.configuration);
  for (uint32_t distance = NearestDistance(); distance <= kDistanceMax; ++distance) {
    SCOPED_TRACE(distance);
    const DatapathInput request = Request(kMasqueraded, 5000 + 2 * distance);
    DatapathInput given_back = request;
    given_back.injected = true;
    given_back.directed_endpoint = static_cast<uint32_t>(row - image.endpoints.begin());
    const std::vector<DatapathOutput> outputs = CompareAt(distance, given_back, request);
    EXPECT_TRUE(outputs.front().learned);
    EXPECT_EQ(outputs.back().verdict, Verdict::kForward);
    EXPECT_EQ(Compare(ReplyTo(outputs.back())).verdict, Verdict::kForward);

    const DatapathInput other = Request(kMasqueraded, 5001 + 2 * distance);
    const std::vector<DatapathOutput> not_known = CompareAt(distance, other, request);
    EXPECT_EQ(not_known.front().reason, Reason::kHostConnections);
    EXPECT_EQ(not_known.back().verdict, Verdict::kForward);
  }
}

INSTANTIATE_TEST_SUITE_P(Between, NearTest,
                         testing::Values(Between{true, IpFamily::kIpv4},
                                         Between{false, IpFamily::kIpv4},
                                         Between{true, IpFamily::kIpv6},
                                         Between{false, IpFamily::kIpv6}),
                         [](const auto& param) {
                           return std::string(param.param.packets ? "Packets" : "EmptyClocks") +
                                  (param.param.family == IpFamily::kIpv6 ? "Ipv6" : "");
                         });

// Hash rows that are zero put every connection into bucket 0 of both banks.
class OneBucketTest : public DatapathTest {
 protected:
  static constexpr uint32_t kWays = kOriginalsBanks * kOriginalsWays;

  OneBucketTest() {
    for (uint32_t i = 0; i < TabulationHash::kRows; ++i) card_.WriteRow(i, HashKeyRow{});
    card_.Drain();
  }

  // More connections than the buckets take, `gap_cycles` apart.
  void Fill(IpFamily family, uint32_t gap_cycles) {
    for (uint16_t port = 1; port <= kWays + 4; ++port) {
      DatapathInput input = TcpTo(In(family, kService), port, In(family, kOutsideClient));
      input.gap_cycles = gap_cycles;
      card_.Send(input);
    }
    const std::vector<DatapathOutput> outputs = card_.Drain();
    ASSERT_EQ(outputs.size(), kWays + 4);
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(outputs[i].learned, i < kWays) << i;
      EXPECT_EQ(outputs[i].reason, i < kWays ? Reason::kNone : Reason::kConnectionTableFull) << i;
    }
  }

  // Every way of both buckets was taken once; removes all of it.
  template <class Original, class Reply, class Event>
  void ExpectEveryWay(const std::vector<Event>& events, uint32_t rows) {
    std::set<uint32_t> originals, replies, all;
    for (const Event& event : events) {
      originals.insert(event.original_row);
      replies.insert(event.reply_row);
      card_.WriteRow(event.original_row, Original{});
      card_.WriteRow(event.reply_row, Reply{});
    }
    card_.Drain();
    for (uint32_t way = 0; way < kOriginalsWays; ++way) {
      all.insert(way);
      all.insert(rows / kOriginalsBanks + way);
    }
    EXPECT_EQ(originals, all);
    EXPECT_EQ(replies, all);
  }
};

TEST_F(OneBucketTest, EveryWayIsTakenOnceAndTheNextIsPunted) {
  for (uint32_t gap = 0; gap <= 8; ++gap) {
    SCOPED_TRACE(gap);
    Fill(IpFamily::kIpv4, gap);
    ExpectEveryWay<OriginalRow, ReplyRow>(card_.TakeEvents(), kSimSizes.originals);
    Fill(IpFamily::kIpv6, gap);
    ExpectEveryWay<OriginalIpv6Row, ReplyIpv6Row>(card_.TakeIpv6Events(), kSimSizes.originals_ipv6);
  }
}

}  // namespace
}  // namespace pointsman
