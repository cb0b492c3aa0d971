// IPv6: what is looked up and what is not, translation in the first and the second beat.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/flow.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

constexpr size_t kUdpChecksum = 60;

Address Six(Ipv4Address address) { return In(IpFamily::kIpv6, address); }

DatapathInput SixTo(Ipv4Address destination, uint16_t source_port = 40000,
                    Ipv4Address source = kOutsideClient) {
  return TcpTo(Six(destination), source_port, Six(source));
}

class DatapathIpv6Test : public DatapathTest {};

TEST_F(DatapathIpv6Test, ForwardsTheFirstPacketRecordsItAndForwardsTheReply) {
  const DatapathOutput first = Compare(SixTo(kMasqueraded));
  EXPECT_EQ(first.verdict, Verdict::kForward);
  EXPECT_TRUE(first.learned);
  EXPECT_TRUE(ChecksumsAreRight(first.frame));

  EXPECT_TRUE(card_.TakeEvents().empty());
  const std::vector<EventIpv6Line> events = card_.TakeIpv6Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, EventKind::kLearn);
  EXPECT_EQ(events[0].original.source_address, Six(kOutsideClient).bits());
  EXPECT_EQ(events[0].endpoint, first.endpoint);
  EXPECT_EQ(events[0].masqueraded, 1);
  EXPECT_GE(events[0].new_source_port, 0x8000);
  const auto original = card_.ReadRow<OriginalIpv6Row>(events[0].original_row);
  EXPECT_TRUE(original.valid);
  EXPECT_EQ(original.key, events[0].original);
  EXPECT_EQ(original.reply_row, events[0].reply_row);
  EXPECT_EQ(original.endpoint, first.endpoint);
  EXPECT_EQ(original.state, ConnectionState::kUnconfirmed);
  const auto reply = card_.ReadRow<ReplyIpv6Row>(events[0].reply_row);
  EXPECT_TRUE(reply.valid);
  EXPECT_EQ(reply.key.source_port, kTargetPort);
  EXPECT_EQ(reply.key.destination_address, Six(kMasqueradeAddress).bits());
  EXPECT_EQ(reply.original_row, events[0].original_row);

  EXPECT_FALSE(Compare(SixTo(kMasqueraded)).learned);
  const DatapathOutput answer = Compare(ReplyTo(first));
  EXPECT_EQ(answer.verdict, Verdict::kForward);
  EXPECT_TRUE(ChecksumsAreRight(answer.frame));
  EXPECT_EQ(ParseFlow(answer.frame)->key.source, Six(kMasqueraded));
}

struct Expectation {
  const char* name;
  FrameBytes frame;
  Verdict verdict;
  Reason reason;
};

// To the Service, behind an IPv6 header with this next header.
FrameBytes With(uint8_t next_header, std::vector<uint8_t> body) {
  return BuildIpv6({.source = Six(kOutsideClient), .destination = Six(kService)}, next_header,
                   body);
}
std::vector<uint8_t> StartsWith(uint8_t byte, size_t bytes = 40) {
  std::vector<uint8_t> body(bytes);
  body[0] = byte;
  return body;
}

void AddHeaders(std::vector<Expectation>& cases) {
  const std::vector<uint8_t> empty(40);
  for (uint8_t type = 0; type < 8; ++type) {
    const bool error = type >= 1 && type <= 4;
    cases.push_back({"ICMPv6", With(58, StartsWith(type)), error ? Verdict::kPunt : Verdict::kPass,
                     error ? Reason::kIcmpError : Reason::kNone});
  }
  cases.push_back({"short ICMPv6 error", With(58, StartsWith(1, 7)), Verdict::kPass, {}});
  for (const uint8_t header : {0, 43, 44, 60}) {
    const Reason reason = header == 44 ? Reason::kFragment : Reason::kIpOptions;
    for (const uint8_t behind : {6, 17, 43, 44, 60}) {
      cases.push_back(
          {"extension header", With(header, StartsWith(behind)), Verdict::kPunt, reason});
    }
    for (const uint8_t behind : {0, 58, 59, 132}) {
      cases.push_back(
          {"extension header of others", With(header, StartsWith(behind)), Verdict::kPass, {}});
    }
    cases.push_back({"short extension header", With(header, StartsWith(6, 7)), Verdict::kPass, {}});
  }
  cases.push_back({"another protocol", With(47, empty), Verdict::kPass, {}});
  cases.push_back({"short TCP", With(6, std::vector<uint8_t>(19)), Verdict::kPass, {}});
  cases.push_back({"short UDP", With(17, std::vector<uint8_t>(7)), Verdict::kPass, {}});
}

void AddDamaged(std::vector<Expectation>& cases) {
  const auto add = [&cases](const char* name, FrameBytes frame) {
    cases.push_back({name, std::move(frame), Verdict::kPass, Reason::kNone});
  };
  FrameBytes frame = SixTo(kService).frame;
  frame[kIpv4Offset] = 0x50;
  add("version 5", frame);
  frame = SixTo(kService).frame;
  ++frame[kIpv6PayloadLengthOffset + 1];
  add("payload over the frame", frame);
  frame = SixTo(kService).frame;
  frame.resize(53);
  add("53 bytes", frame);
  const Address mapped = kService;
  add("to a mapped address",
      BuildTcp(Ipv6Spec{.source = Six(kOutsideClient), .destination = mapped}, {}));
  add("from a mapped address",
      BuildTcp(Ipv6Spec{.source = mapped, .destination = Six(kService)}, {}));
}

TEST_F(DatapathIpv6Test, GivesEachVerdictAndReason) {
  std::vector<Expectation> cases;
  const auto add = [&cases](const char* name, const Ipv6Spec& ip, Verdict verdict, Reason reason) {
    cases.push_back({name, BuildTcp(ip, {}), verdict, reason});
  };
  const auto to = [](Ipv4Address service) {
    return Ipv6Spec{.source = Six(kOutsideClient), .destination = Six(service)};
  };
  add("unknown destination", to({0x08080808}), Verdict::kPass, Reason::kNone);
  add("forward", to(kService), Verdict::kForward, Reason::kNone);
  add("reject", to(kRejecting), Verdict::kPunt, Reason::kReject);
  add("drop", to(kDropping), Verdict::kDrop, Reason::kFrontendDrop);
  add("no endpoint", to(kNoEndpoint), Verdict::kPunt, Reason::kNoEndpoint);
  add("no next hop", to(kNoNextHop), Verdict::kPunt, Reason::kNoNextHop);
  Ipv6Spec spec = to(kMasqueraded);
  spec.hop_limit = 1;
  add("first packet, hop limit 1", spec, Verdict::kPunt, Reason::kTtlExpired);
  spec = to(kService);
  spec.hop_limit = 0;
  add("known connection, hop limit 0", spec, Verdict::kPunt, Reason::kTtlExpired);
  AddHeaders(cases);
  AddDamaged(cases);
  for (const Expectation& c : cases) {
    for (const bool tag : {false, true}) {
      SCOPED_TRACE(std::string(c.name) + (tag ? ", tagged" : ""));
      const DatapathOutput output =
          Compare({.frame = tag ? WithVlanTag(c.frame, 0x2064) : c.frame});
      EXPECT_STREQ(Name(output.verdict), Name(c.verdict));
      EXPECT_STREQ(Name(output.reason), Name(c.reason));
    }
  }
}

TEST_F(DatapathIpv6Test, WithoutAnAddressToMasqueradeWithTheHostIsAsked) {
  Image image = SmallWorld();
  image.configuration.masquerade_address_v6 = {};
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.SetConfiguration(image.configuration);
  EXPECT_EQ(Compare(SixTo(kMasqueraded)).reason, Reason::kNoMasqueradeAddress);
  EXPECT_EQ(Compare(SixTo(kService)).verdict, Verdict::kForward);
  bool hairpin = false;
  for (uint16_t port = 1; port < 20; ++port) {
    hairpin =
        Compare(SixTo(kService, port, kFirstEndpoint)).reason == Reason::kNoMasqueradeAddress ||
        hairpin;
  }
  EXPECT_TRUE(hairpin);
}

// Any checksum, in the first beat, or behind a tag in the second one.
TEST_F(DatapathIpv6Test, UdpChecksums) {
  for (const size_t tag_bytes : {size_t{0}, kVlanTagBytes}) {
    FrameBytes frame = BuildUdp({.source = Six(kOutsideClient), .destination = Six(kService)},
                                {.payload = {1, 2, 3}});
    if (tag_bytes != 0) frame = WithVlanTag(frame, 5);
    bool ones = false;
    std::vector<DatapathInput> inputs;
    for (uint32_t checksum = 0; checksum < 0x10000; ++checksum) {
      StoreBe16(frame.data() + kUdpChecksum + tag_bytes, static_cast<uint16_t>(checksum));
      inputs.push_back({.frame = frame});
    }
    for (const DatapathOutput& each : Compare(inputs)) {
      ones = ones || LoadBe16(each.frame.data() + kUdpChecksum + tag_bytes) == 0xffff;
    }
    EXPECT_TRUE(ones);
  }
}

// Back to back, of all lengths, tagged and not, with frames of one beat between.
TEST_F(DatapathIpv6Test, SecondBeatsAreRewrittenWhereTheyHoldTheChecksum) {
  std::vector<DatapathInput> inputs;
  for (uint16_t payload = 0; payload < 400; payload += 3) {
    TcpSpec spec;
    spec.source_port = payload % 7;
    for (uint16_t i = 0; i < payload; ++i) spec.payload.push_back(static_cast<uint8_t>(i * 31));
    const FrameBytes frame =
        BuildTcp(Ipv6Spec{.source = Six(kOutsideClient), .destination = Six(kService)}, spec);
    inputs.push_back({.frame = payload % 2 == 0 ? frame : WithVlanTag(frame, payload)});
    if (payload % 4 == 0) inputs.push_back(TcpTo(kService, payload));
  }
  for (const DatapathOutput& output : Compare(inputs)) {
    EXPECT_EQ(output.verdict, Verdict::kForward);
    EXPECT_TRUE(VlanTagBytes(output.frame) != 0 || ChecksumsAreRight(output.frame));
  }
}

// As many unconfirmed connections as the quota says, and more when one was answered.
TEST_F(DatapathIpv6Test, TheQuotaHolds) {
  constexpr uint16_t kQuota = 20;
  constexpr uint32_t kUntilCounted = 40;  // clocks
  Image image = SmallWorld();
  image.configuration.unconfirmed_quota = kQuota;
  pipeline_.SetImage(std::make_shared<const Image>(image));
  card_.SetConfiguration(image.configuration);
  std::vector<DatapathInput> inputs;
  for (uint16_t port = 1; port <= 2 * kQuota; ++port) {
    inputs.push_back(SixTo(kService, port));
    inputs.back().gap_cycles = kUntilCounted;
  }
  const std::vector<DatapathOutput> outputs = Compare(inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_EQ(outputs[i].reason, i < kQuota ? Reason::kNone : Reason::kUnconfirmedQuota) << i;
  }
  EXPECT_EQ(Compare(ReplyTo(outputs[0])).verdict, Verdict::kForward);
  for (uint32_t i = 0; i < kUntilCounted; ++i) card_.Clock();
  EXPECT_TRUE(Compare(SixTo(kService, 1000)).learned);
  EXPECT_EQ(Compare(SixTo(kService, 1001)).reason, Reason::kUnconfirmedQuota);
}

}  // namespace
}  // namespace pointsman
