#include "sim/card/pipeline_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "flow_tables/packet.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class PipelineTraceTest : public testing::Test {
 protected:
  // A TCP packet that is in the datapath from `clock` on.
  void Enter(uint64_t clock, const TcpSpec& spec = {}) { Enter(clock, BuildTcp(spec)); }

  void Enter(uint64_t clock, const FrameBytes& frame) {
    PacketIn packet{.clock = clock, .mode = Mode::kOffload};
    packet.length_bytes = static_cast<uint16_t>(frame.size());
    std::copy_n(frame.begin(), std::min(frame.size(), kBeatBytes), packet.first_beat.begin());
    trace_.OnPacketIn(packet);
  }

  void Leave(uint64_t clock, PacketOut out = {}) {
    out.clock = clock;
    trace_.OnPacketOut(out);
  }

  void Pass(uint64_t clock, const PacketOut& out = {}) {
    Enter(clock);
    Leave(clock + kPipelineClocks, out);
  }

  json Finish() {
    trace_.Finish();
    return json::parse(text_);
  }

  // The slices of one track or of the tracks with one name, in the order of the file.
  static std::vector<json> Slices(const json& trace, const std::string& track_name) {
    std::set<int> tracks;
    for (const json& event : trace["traceEvents"]) {
      if (event["name"] == "thread_name" && event["args"]["name"] == track_name)
        tracks.insert(event["tid"].get<int>());
    }
    std::vector<json> slices;
    for (const json& event : trace["traceEvents"]) {
      if (event["ph"] == "X" && tracks.contains(event["tid"].get<int>())) slices.push_back(event);
    }
    return slices;
  }

  std::string text_;
  PipelineTrace trace_{[this](std::string_view part) { text_ += part; }};
};

// What PipelineStage says of itself: the stages are those of the RTL's own table.
TEST(PipelineStagesTest, FollowTheTableOfTheDatapath) {
  std::ifstream file(POINTSMAN_DATAPATH_SOURCE);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::regex row(R"(// \| *(\d+)\.\.(\d+) *\| *(\w+) *\|)");
  size_t count = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), row), end; match != end; ++match) {
    ASSERT_LT(count, kPipelineStageCount) << "hw/rtl/datapath.sv has more stages";
    const PipelineStage& stage = kPipelineStages[count++];
    EXPECT_EQ(std::to_string(stage.first_clock), (*match)[1]);
    EXPECT_EQ(std::to_string(stage.last_clock), (*match)[2]);
    EXPECT_EQ(stage.module, (*match)[3]);
  }
  EXPECT_EQ(count, kPipelineStageCount);
}

TEST_F(PipelineTraceTest, TheTracksAreTheStagesAndTheCommands) {
  std::set<std::string> tracks, expected = {"commands"};
  for (const PipelineStage& stage : kPipelineStages) expected.insert(stage.module);
  const json trace = Finish();
  for (const json& event : trace["traceEvents"]) {
    if (event["name"] == "thread_name") tracks.insert(event["args"]["name"]);
  }
  EXPECT_EQ(tracks, expected);
}

TEST_F(PipelineTraceTest, APacketHasOneSliceAStageInOrder) {
  Pass(1000, {.verdict = Verdict::kPunt, .reason = Reason::kReject});
  const json trace = Finish();
  for (const PipelineStage& stage : kPipelineStages) {
    const std::vector<json> slices = Slices(trace, stage.module);
    ASSERT_EQ(slices.size(), 1u) << stage.module;
    EXPECT_EQ(slices[0]["name"], "#0 punt (reject)");
    EXPECT_EQ(slices[0]["ts"], 1000 + stage.first_clock - 1);
    EXPECT_EQ(slices[0]["ts"].get<uint64_t>() + slices[0]["dur"].get<uint64_t>(),
              1000 + stage.last_clock);
  }
  EXPECT_EQ(trace["otherData"]["packets"], 1);
  EXPECT_EQ(trace["otherData"]["latency-clocks"], trace["otherData"]["stages-clocks"]);
}

TEST_F(PipelineTraceTest, SlicesOfATrackNeverOverlap) {
  constexpr uint64_t kPackets = 2 * kPipelineClocks;
  for (uint64_t clock = 1; clock <= kPackets + kPipelineClocks; ++clock) {
    if (clock > kPipelineClocks) Leave(clock);
    if (clock <= kPackets) Enter(clock);
  }
  const json trace = Finish();
  std::map<int, uint64_t> free_from;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    const uint64_t start = event["ts"];
    EXPECT_GE(start, free_from[event["tid"]]);
    free_from[event["tid"]] = start + event["dur"].get<uint64_t>();
  }
  for (const PipelineStage& stage : kPipelineStages)
    EXPECT_EQ(Slices(trace, stage.module).size(), kPackets) << stage.module;
}

TEST_F(PipelineTraceTest, ASliceSaysWhoTalksToWhomAndWhatBecameOfIt) {
  TcpSpec spec;
  spec.ip.source = {0x0af40105};
  spec.ip.destination = {0x0a60000a};
  spec.source_port = 40000;
  spec.destination_port = 80;
  Enter(10, spec);
  Leave(10 + kPipelineClocks, {.verdict = Verdict::kForward, .egress = Port::kNode});
  const json arguments = Slices(Finish(), "connection_tables").at(0)["args"];
  EXPECT_EQ(arguments["packet"], 0);
  EXPECT_EQ(arguments["verdict"], "forward");
  EXPECT_EQ(arguments["reason"], "none");
  EXPECT_EQ(arguments["ingress"], "uplink");
  EXPECT_EQ(arguments["egress"], "node");
  EXPECT_EQ(arguments["source"], "10.244.1.5");
  EXPECT_EQ(arguments["source-port"], 40000);
  EXPECT_EQ(arguments["destination"], "10.96.0.10");
  EXPECT_EQ(arguments["destination-port"], 80);
  EXPECT_EQ(arguments["protocol"], "TCP");
}

TEST_F(PipelineTraceTest, APacketThatIsNoFlowHasNoAddresses) {
  trace_.OnPacketIn({.clock = 1, .length_bytes = 60});
  Leave(1 + kPipelineClocks);
  const json arguments = Slices(Finish(), "connection_tables").at(0)["args"];
  EXPECT_FALSE(arguments.contains("source"));
  EXPECT_FALSE(arguments.contains("rows"));
}

TEST_F(PipelineTraceTest, FirstPacketsAndLaterOnesSayTheirRows) {
  TcpSpec spec;
  spec.ip.destination = {0x0a60000a};
  spec.destination_port = 80;
  const Tuple tuple = Parse(BuildTcp(spec)).tuple;
  trace_.OnRowAccess(
      {.write = true,
       .table = TableId::kFrontends,
       .index = 9,
       .row = PackRow(FrontendRow{.valid = true,
                                  .destination_address = Address(Ipv4Address{0x0a60000a}).bits(),
                                  .destination_port = 80,
                                  .protocol = 6,
                                  .outside_slots_base = 64})});
  trace_.OnRowAccess({.write = true,
                      .table = TableId::kSlots,
                      .index = 64,
                      .row = PackRow(SlotRow{.endpoint = 5})});
  trace_.OnRowAccess({.write = true,
                      .table = TableId::kEndpoints,
                      .index = 5,
                      .row = PackRow(EndpointRow{.valid = true, .next_hop = 3})});
  const PacketOut out{
      .verdict = Verdict::kForward, .frontend_counter = 4, .endpoint = 5, .learned = true};
  Enter(10, spec);
  trace_.OnEvent(EventLine{.kind = EventKind::kLearn,
                           .original_row = 100,
                           .reply_row = 200,
                           .original = tuple,
                           .endpoint = 5,
                           .frontend_counter = 4});
  Leave(10 + kPipelineClocks, out);
  Enter(90, spec);
  Leave(90 + kPipelineClocks, {.verdict = Verdict::kForward, .frontend_counter = 4, .endpoint = 5});
  Enter(190, spec);
  Leave(190 + kPipelineClocks, {.verdict = Verdict::kForward, .frontend_counter = 8});
  const std::vector<json> slices = Slices(Finish(), "packet_finish");
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices[0]["args"]["connection"], "recorded");
  EXPECT_EQ(slices[0]["args"]["rows"], json({{"frontends", 9},
                                             {"slots", 64},
                                             {"endpoints", 5},
                                             {"originals", 100},
                                             {"replies", 200},
                                             {"next-hops", 3}}));
  EXPECT_EQ(slices[1]["args"]["connection"], "known");
  EXPECT_EQ(slices[1]["args"]["rows"],
            json({{"endpoints", 5}, {"originals", 100}, {"next-hops", 3}}));
  EXPECT_FALSE(slices[2]["args"].contains("connection")) << "the card says otherwise";
}

TEST_F(PipelineTraceTest, AnIpv6PacketSaysItsRowsToo) {
  const FrameBytes frame = BuildTcp(Ipv6Spec{}, {});
  Enter(10, frame);
  trace_.OnEvent(EventIpv6Line{.kind = EventKind::kLearn,
                               .original_row = 100,
                               .reply_row = 200,
                               .original = ParseOther(frame, false).tuple,
                               .endpoint = 5,
                               .frontend_counter = 4});
  Leave(10 + kPipelineClocks,
        {.verdict = Verdict::kForward, .frontend_counter = 4, .endpoint = 5, .learned = true});
  const std::vector<json> slices = Slices(Finish(), "packet_finish");
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0]["args"]["source"], "fd00:1::1");
  EXPECT_EQ(
      slices[0]["args"]["rows"],
      json({{"endpoints", 5}, {"originals-ipv6", 100}, {"replies-ipv6", 200}, {"next-hops", 0}}));
}

TEST_F(PipelineTraceTest, RowsThatFollowOneAnotherAreOneSlice) {
  const auto access = [this](uint64_t clock, bool write, TableId table, uint32_t index) {
    trace_.OnRowAccess({.clock = clock, .write = write, .table = table, .index = index});
  };
  for (uint32_t i = 0; i < 100; ++i) access(10 + i, true, TableId::kSlots, i);
  access(110, true, TableId::kSlots, 200);
  access(111, false, TableId::kSlots, 201);
  access(112, false, TableId::kSlots, 7);
  access(113, false, TableId::kEndpoints, 202);
  access(9000, false, TableId::kEndpoints, 203);
  const std::vector<json> slices = Slices(Finish(), "commands");
  ASSERT_EQ(slices.size(), 5u);
  EXPECT_EQ(slices[0]["name"], "write slots");
  EXPECT_EQ(slices[0]["ts"], 10);
  EXPECT_EQ(slices[0]["dur"], 100);
  EXPECT_EQ(slices[0]["args"]["first-row"], 0);
  EXPECT_EQ(slices[0]["args"]["last-row"], 99);
  EXPECT_EQ(slices[1]["args"]["first-row"], 200);
  EXPECT_EQ(slices[2]["name"], "read slots");
  EXPECT_EQ(slices[2]["args"], json({{"rows", 2}, {"first-row", 7}, {"last-row", 201}}));
  EXPECT_EQ(slices[3]["name"], "read endpoints");
  EXPECT_EQ(slices[4]["ts"], 9000) << "a pause ends a run";
}

TEST_F(PipelineTraceTest, APacketStillInsideIsLeftOut) {
  Enter(10);
  EXPECT_EQ(Slices(Finish(), "packet_parser").size(), 0u);
}

TEST_F(PipelineTraceTest, ThePuntRingIsACounter) {
  trace_.OnPuntRing(77, 12);
  trace_.Finish();
  EXPECT_THAT(text_, HasSubstr(R"("ph":"C","name":"punt ring","ts":77,"args":{"lines":12})"));
}

}  // namespace
}  // namespace pointsman
