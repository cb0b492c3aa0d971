#include "sim/card/trace_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman {
namespace {

using nlohmann::json;

// What `use` writes, as a viewer reads it.
json TraceOf(const std::function<void(TraceEvents&)>& use) {
  std::string text;
  TraceEvents events([&text](std::string_view part) { text += part; }, "a card");
  use(events);
  events.Finish({{"packets", 3}});
  return json::parse(text);
}

TEST(TraceEventsTest, AnEmptyTraceIsValid) {
  const json trace = TraceOf([](TraceEvents&) {});
  ASSERT_EQ(trace["traceEvents"].size(), 1u);
  EXPECT_EQ(trace["traceEvents"][0]["name"], "process_name");
  EXPECT_EQ(trace["traceEvents"][0]["args"]["name"], "a card");
  EXPECT_EQ(trace["otherData"]["packets"], 3);
}

TEST(TraceEventsTest, ASliceHasTrackTimeAndArguments) {
  const json trace = TraceOf([](TraceEvents& events) {
    events.Slice(7, "#1 forward", 1000, 12, {{"verdict", "forward"}, {"rows", {{"slots", 5}}}});
  });
  const json& slice = trace["traceEvents"][1];
  EXPECT_EQ(slice["ph"], "X");
  EXPECT_EQ(slice["name"], "#1 forward");
  EXPECT_EQ(slice["tid"], 7);
  EXPECT_EQ(slice["pid"], trace["traceEvents"][0]["pid"]);
  EXPECT_EQ(slice["ts"], 1000);
  EXPECT_EQ(slice["dur"], 12);
  EXPECT_EQ(slice["args"]["rows"]["slots"], 5);
}

TEST(TraceEventsTest, TracksAreNamedAndInOrder) {
  const json trace = TraceOf([](TraceEvents& events) { events.NameTrack(100, "packet_parser"); });
  EXPECT_EQ(trace["traceEvents"][1]["name"], "thread_name");
  EXPECT_EQ(trace["traceEvents"][1]["tid"], 100);
  EXPECT_EQ(trace["traceEvents"][1]["args"]["name"], "packet_parser");
  EXPECT_EQ(trace["traceEvents"][2]["args"]["sort_index"], 100);
}

TEST(TraceEventsTest, ACounterHasAValue) {
  const json trace =
      TraceOf([](TraceEvents& events) { events.Counter("punt ring", "lines", 5, 12); });
  EXPECT_EQ(trace["traceEvents"][1]["ph"], "C");
  EXPECT_EQ(trace["traceEvents"][1]["args"]["lines"], 12);
}

TEST(TraceEventsTest, TextIsEscaped) {
  const std::string name = "a \"quoted\" \\ name\n\t\x01 of caf\xc3\xa9";
  const json trace = TraceOf([&name](TraceEvents& events) {
    events.Slice(1, name, 0, 1, {{name, name}});
  });
  EXPECT_EQ(trace["traceEvents"][1]["name"], name);
  EXPECT_EQ(trace["traceEvents"][1]["args"][name], name);
}

TEST(TraceEventsTest, BytesThatAreNotTextDoNotBreakIt) {
  const json trace =
      TraceOf([](TraceEvents& events) { events.Slice(1, "\xff\xfe", 0, 1, json::object()); });
  EXPECT_EQ(trace["traceEvents"][1]["name"], "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace pointsman
