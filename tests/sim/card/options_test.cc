#include "sim/card/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<EnvironmentOptions> Read(const std::map<std::string, std::string>& variables) {
  return ReadEnvironment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(OptionsTest, NothingSetIsNothingConnected) {
  const auto options = Read({});
  ASSERT_TRUE(options.ok());
  EXPECT_TRUE(std::holds_alternative<NoWire>(options->uplink));
  EXPECT_TRUE(std::holds_alternative<NoWire>(options->node));
  EXPECT_EQ(options->waveform_path, "");
  EXPECT_EQ(options->pipeline_trace_path, "");
  EXPECT_EQ(options->cycle_budget, 0u);
  EXPECT_EQ(options->link, Link::kAlways);
}

TEST(OptionsTest, ReadsEveryVariable) {
  const auto options = Read({{"POINTSMAN_SIM_UPLINK", "pcap:/a/in.pcap:out.pcap"},
                             {"POINTSMAN_SIM_NODE", "veth:card0"},
                             {"POINTSMAN_SIM_WAVEFORM", "card.fst"},
                             {"POINTSMAN_SIM_PIPELINE_TRACE", "card.json"},
                             {"POINTSMAN_SIM_LINK", "enabled"},
                             {"POINTSMAN_SIM_CYCLE_BUDGET", "123456789012"}});
  ASSERT_TRUE(options.ok()) << options.status();
  const auto& files = std::get<PcapFiles>(options->uplink);
  EXPECT_EQ(files.input, "/a/in.pcap");
  EXPECT_EQ(files.output, "out.pcap");
  EXPECT_EQ(std::get<VethInterface>(options->node).name, "card0");
  EXPECT_EQ(options->waveform_path, "card.fst");
  EXPECT_EQ(options->pipeline_trace_path, "card.json");
  EXPECT_EQ(options->cycle_budget, 123456789012u);
  EXPECT_EQ(options->link, Link::kEnabled);
}

TEST(OptionsTest, ReadsEveryKindOfWire) {
  EXPECT_EQ(std::get<TapInterface>(Read({{"POINTSMAN_SIM_NODE", "tap:t0"}})->node).name, "t0");
  EXPECT_EQ(std::get<UnixSocket>(Read({{"POINTSMAN_SIM_NODE", "unix:/x"}})->node).path, "/x");
  EXPECT_TRUE(std::holds_alternative<NoWire>(Read({{"POINTSMAN_SIM_NODE", "none"}})->node));
}

TEST(OptionsTest, BadValuesNameTheVariable) {
  const std::pair<const char*, const char*> cases[] = {
      {"POINTSMAN_SIM_LINK", "up"},         {"POINTSMAN_SIM_UPLINK", ""},
      {"POINTSMAN_SIM_UPLINK", "none:x"},   {"POINTSMAN_SIM_UPLINK", "veth"},
      {"POINTSMAN_SIM_NODE", "veth:"},      {"POINTSMAN_SIM_NODE", "pcap:in"},
      {"POINTSMAN_SIM_NODE", "pcap::out"},  {"POINTSMAN_SIM_NODE", "pcap:in:"},
      {"POINTSMAN_SIM_NODE", "dpdk:x"},     {"POINTSMAN_SIM_WAVEFORM", ""},
      {"POINTSMAN_SIM_PIPELINE_TRACE", ""}, {"POINTSMAN_SIM_CYCLE_BUDGET", "0"},
      {"POINTSMAN_SIM_CYCLE_BUDGET", "-1"}, {"POINTSMAN_SIM_CYCLE_BUDGET", "1e6"},
      {"POINTSMAN_SIM_CYCLE_BUDGET", ""},   {"POINTSMAN_SIM_CYCLE_BUDGET", "99999999999999999999"},
  };
  for (const auto& [variable, value] : cases) {
    const auto options = Read({{variable, value}});
    ASSERT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument) << variable << value;
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(variable));
  }
}

TEST(OptionsTest, AWireThatCannotBeOpenedSaysWhich) {
  const std::pair<WireSpec, const char*> cases[] = {
      {PcapFiles{"/nowhere/in.pcap", "out.pcap"}, "/nowhere/in.pcap"},
      {VethInterface{"nosuchlink"}, "nosuchlink"},
      {TapInterface{"a-name-that-is-too-long"}, "a-name-that-is-too-long"},
      {UnixSocket{"/nowhere/socket"}, "/nowhere/socket"},
  };
  for (const auto& [spec, name] : cases) {
    const auto wire = OpenWire(spec);
    ASSERT_FALSE(wire.ok());
    EXPECT_THAT(std::string(wire.status().message()), HasSubstr(name));
  }
}

}  // namespace
}  // namespace pointsman
