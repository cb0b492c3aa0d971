// Random traffic against the software pipeline, and the rate.
#include <array>
#include <cstdlib>
#include <map>
#include <random>

#include "flow_tables/affinity_rows.h"
#include "flow_tables/big_endian.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

uint64_t Seed() {
  const char* text = std::getenv("POINTSMAN_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
}

class RandomTest : public DatapathTest {
 protected:
  RandomTest() : DatapathTest(TunnelWorld()) {}

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  Ipv4Address SomeSource() {
    constexpr Ipv4Address kSources[] = {kOutsideClient, kFirstEndpoint, {0x0af40077}, {0x0af40177}};
    return kSources[Below(4)];
  }

  // VLAN tags of any content.
  void Tag(std::vector<uint8_t>& frame, uint32_t tags) {
    for (; tags > 0; --tags) {
      const std::array<uint8_t, kVlanTagBytes> tag = {0x81, 0x00, static_cast<uint8_t>(Below(256)),
                                                      static_cast<uint8_t>(Below(256))};
      frame.insert(frame.begin() + kEtherTypeOffset, tag.begin(), tag.end());
    }
  }

  // Of TCP or UDP, to a Service most times.
  FrameBytes SomeFlow(IpFamily family, uint16_t port) {
    if (Below(5) != 0) {
      return TcpTo(In(family, {kService.value + Below(9)}), port, In(family, SomeSource())).frame;
    }
    UdpSpec spec;
    spec.source_port = port;
    spec.without_checksum = Below(4) == 0;
    spec.payload.resize(Below(40) == 0 ? 900 + Below(200) : Below(80));
    if (family == IpFamily::kIpv6) {
      return BuildUdp({.source = In(family, SomeSource()), .destination = In(family, kService)},
                      spec);
    }
    spec.ip.source = SomeSource();
    return BuildUdp(spec);
  }

  // What the endpoint receives.
  static DatapathOutput Inside(DatapathOutput sent) {
    const bool wrapped = sent.length_bytes != sent.frame.size();
    if (wrapped) sent.frame.erase(sent.frame.begin(), sent.frame.begin() + kTunnelBytes);
    return sent;
  }

  // Most times as it is right.
  void SendThroughTunnel(FrameBytes& frame) {
    frame = ThroughTunnel(frame, static_cast<uint8_t>(Below(256)));
    if (Below(4) == 0) frame[kEtherTypeOffset + Below(kTunnelBytes - 12)] ^= 1u << Below(8);
    if (Below(8) == 0) frame.resize(frame.size() + Below(10));
    if (Below(16) == 0) frame.resize(Below(static_cast<uint32_t>(frame.size()) - 13) + 14);
  }

  // IPv6 that goes on with any header and content, and from or to any kind of address.
  FrameBytes StrangeIpv6() {
    constexpr uint8_t kHeaders[] = {0, 6, 17, 43, 44, 47, 58, 59, 60, 132};
    const auto some_header = [&] { return kHeaders[Below(std::size(kHeaders))]; };
    std::vector<uint8_t> body(Below(30));
    for (uint8_t& byte : body) byte = static_cast<uint8_t>(Below(256));
    if (!body.empty() && Below(2) == 0) body[0] = some_header();
    const auto mapped = Below(8) == 0 ? IpFamily::kIpv4 : IpFamily::kIpv6;
    const Address source = In(mapped, SomeSource());
    return BuildIpv6({.source = source, .destination = In(IpFamily::kIpv6, kService)},
                     some_header(), body);
  }

  DatapathInput SomePacket(const std::vector<DatapathOutput>& seen, uint16_t ports) {
    DatapathInput input;
    const uint32_t kind = Below(10);
    const IpFamily family = Below(5) < 2 ? IpFamily::kIpv6 : IpFamily::kIpv4;
    // The card holds fewer connections over IPv6.
    const uint32_t of_family = family == IpFamily::kIpv6 ? (ports + 1U) / 2 : ports;
    input.frame = SomeFlow(family, static_cast<uint16_t>(Below(of_family)));
    if (kind == 0 && !seen.empty()) {
      input = ReplyTo(Inside(seen[Below(static_cast<uint32_t>(seen.size()))]));
    } else if (kind == 1 && family == IpFamily::kIpv6) {
      input.frame = StrangeIpv6();
    } else if (kind == 2) {
      for (int flips = 0; flips < 3; ++flips) input.frame[12 + Below(42)] ^= 1u << Below(8);
    }
    // A copy with other flags has another checksum, right or wrong: nobody looks at it.
    const size_t flags = family == IpFamily::kIpv6 ? 67 : kTcpFlagsOffset;
    if (Below(3) == 0 && input.frame.size() > flags) {
      input.frame[flags] = static_cast<uint8_t>(Below(64));
    }
    if (Below(6) == 0) input.frame[kTosOffset] ^= Below(256);
    if (Below(4) == 0) Tag(input.frame, Below(16) == 0 ? 2 : 1);
    if (Below(4) == 0) SendThroughTunnel(input.frame);
    input.ingress = Below(2) != 0 ? Port::kUplink : Port::kNode;
    if (Below(8) == 0) input.attempt = static_cast<uint8_t>(Below(16));
    if (Below(16) == 0) input.directed_endpoint = Below(8);
    if (Below(3) == 0) input.gap_cycles = Below(8);
    return input;
  }

  // The host tells of clients, rightly most times, or takes back what it told.
  void TellOfClients() {
    for (uint32_t i = 0; i < 4; ++i) {
      const auto family = Below(2) == 0 ? IpFamily::kIpv4 : IpFamily::kIpv6;
      const AffinityRows::Client client{kAffinityGroup, In(family, SomeSource()).bits()};
      std::vector<RowWrite> writes;
      if (Below(4) == 0) {
        affinity_.Erase(client, writes);
      } else {
        const uint32_t slot = Below(16);
        const uint32_t leads_to = image_.slots[slot].endpoint;
        affinity_.Set(client, slot, Below(4) == 0 ? Below(6) : leads_to, writes);
      }
      for (const RowWrite& write : writes) {
        card_.QueueRow(true, write.table, write.index, write.row);
        pipeline_.affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
      }
    }
    card_.Drain();
  }

  // The host gets connections of its own, or has no more.
  void ChangeHostsConnections() {
    Image image = image_;
    image.configuration.host_protocols = {
        .sctp = Below(2) == 0, .tcp = Below(4) == 0, .udp = Below(4) == 0};
    card_.SetConfiguration(image.configuration);
    pipeline_.SetImage(std::make_shared<const Image>(std::move(image)));
  }

  // Time passes; both forget the same connections, and those that live are in the same state.
  void Age(uint32_t tick) {
    card_.SetTick(tick);
    pipeline_.SetTick(tick);
    ASSERT_TRUE(card_.AwaitSweep());
    pipeline_.Sweep();
    Follow(card_.TakeEvents(), rows_);
    Follow(card_.TakeIpv6Events(), ipv6_rows_);
    CompareRows<OriginalRow>(rows_, pipeline_.connections());
    CompareRows<OriginalIpv6Row>(ipv6_rows_, pipeline_.connections_ipv6());
  }

  template <class Event>
  void Follow(const std::vector<Event>& events, std::map<uint32_t, Event>& rows) {
    for (const Event& event : events) {
      if (event.kind == EventKind::kExpire) {
        EXPECT_EQ(rows.erase(event.original_row), 1u);
      } else {
        rows[event.original_row] = event;
      }
    }
  }

  // All of a family's connections are where the events said, in the pipeline's state.
  template <class Row, class Event, class Table>
  void CompareRows(const std::map<uint32_t, Event>& rows, Table& connections) {
    EXPECT_EQ(rows.size(), connections.size());
    for (const auto& [row, event] : rows) {
      const auto original = card_.ReadRow<Row>(row);
      const auto found = connections.Find(event.original);
      ASSERT_TRUE(found && !found.from_reply);
      ExpectReply(event, ReplyKey(*found.connection));
      EXPECT_STREQ(Name(original.state), Name(found.connection->state));
      EXPECT_EQ(original.last_seen, found.connection->last_seen);
    }
  }
  static void ExpectReply(const EventLine& event, const Tuple& reply) {
    EXPECT_EQ(reply, event.reply);
  }
  static void ExpectReply(const EventIpv6Line& event, const TupleIpv6& reply) {
    EXPECT_EQ(reply.destination_port, event.new_source_port);
    EXPECT_EQ(reply.destination_address != event.original.source_address, event.masqueraded != 0);
  }

  const Image image_ = TunnelWorld();
  AffinityRows affinity_{4096};
  std::map<uint32_t, EventLine> rows_;  // of originals
  std::map<uint32_t, EventIpv6Line> ipv6_rows_;
  std::mt19937_64 random_;
};

// A million packets, of everything at once, from a fixed seed and from a new one.
class MillionPacketsTest : public RandomTest, public testing::WithParamInterface<bool> {};

TEST_P(MillionPacketsTest, SameAsTheSoftwarePipeline) {
  constexpr int kRounds = 2000, kPacketsARound = 500, kRoundsATick = 25;
  const uint64_t seed = GetParam() ? 1 : Seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("POINTSMAN_TEST_SEED=" + std::to_string(seed));
  random_.seed(seed);
  std::vector<DatapathOutput> seen;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    TellOfClients();
    if (round % 8 == 0) ChangeHostsConnections();
    std::vector<DatapathInput> inputs;
    for (int i = 0; i < kPacketsARound; ++i) {
      inputs.push_back(SomePacket(seen, round % 2 == 0 ? 3 : 500));
    }
    seen = Compare(std::move(inputs));
    std::erase_if(seen, [](const auto& output) { return output.verdict != Verdict::kForward; });
    if (round % kRoundsATick == 0) Age(static_cast<uint32_t>(round + 1) * 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Seed, MillionPacketsTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "Fixed" : "New"; });

TEST_F(RandomTest, TenThousandHeadersInTenThousandClocks) {
  random_.seed(1);
  constexpr uint64_t kPackets = 10'000;
  std::vector<DatapathInput> inputs;
  uint64_t learned = 0, hits = 0;
  for (uint64_t i = 0; i < kPackets; ++i) {
    inputs.push_back(TcpTo(i % 3 == 0 ? kMasqueraded : kService, static_cast<uint16_t>(Below(3000)),
                           SomeSource()));
  }
  const uint64_t before = card_.cycles();
  for (const DatapathOutput& output : Compare(inputs)) {
    (output.learned ? learned : hits) += output.verdict == Verdict::kForward;
  }
  EXPECT_LE(card_.cycles() - before, kPackets + kDatapathLatencyCycles + 2);
  EXPECT_GT(learned, 3000u);
  EXPECT_GT(hits, 500u);
}

}  // namespace
}  // namespace pointsman
