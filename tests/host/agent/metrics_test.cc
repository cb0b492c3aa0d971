#include "host/agent/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

namespace pointsman {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

std::vector<std::string> Lines(std::istream& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// Type by name, of lines that match `pattern`: its groups are the two.
std::map<std::string, std::string> Types(std::istream& text, const char* pattern) {
  std::map<std::string, std::string> types;
  for (const std::string& line : Lines(text)) {
    std::smatch match;
    if (std::regex_match(line, match, std::regex(pattern))) types[match[1]] = match[2];
  }
  return types;
}

TEST(AgentMetricsTest, ThePageListsWhatThereIs) {
  std::ifstream page(POINTSMAN_METRICS_PAGE);
  std::istringstream text(AgentMetrics(kStart).Text());
  const auto there = Types(text, "# TYPE (\\S+) (\\S+)");
  EXPECT_EQ(Types(page, R"(\| `(\w+)` \| (\w+) \|.*)"), there);
  EXPECT_EQ(there.size(), 28u);
}

TEST(AgentMetricsTest, MeasuresFromTheTriggerOfAChangeToTheCard) {
  AgentMetrics metrics(kStart);
  HeardChanges heard;
  heard.services = 1;
  heard.endpoint_slices = 3;
  heard.triggered = {kStart - absl::Hours(1), kStart + absl::Seconds(2), kStart + absl::Seconds(4)};
  metrics.Queued(heard, kStart + absl::Seconds(5));
  EXPECT_THAT(metrics.Text(), HasSubstr("endpoint_changes_pending 3"));
  EXPECT_THAT(metrics.Text(), HasSubstr("kubeproxy_network_programming_duration_seconds_count 0"));
  EXPECT_THAT(metrics.Text(), HasSubstr("last_queued_timestamp_seconds 1000005"));
  metrics.Programmed(7, absl::Milliseconds(30), kStart + absl::Seconds(6));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("kubeproxy_network_programming_duration_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("kubeproxy_network_programming_duration_seconds_sum 6"));
  EXPECT_THAT(text, HasSubstr("kubeproxy_sync_proxy_rules_duration_seconds_sum 0.03"));
  EXPECT_THAT(text, HasSubstr("endpoint_changes_total 3"));
  EXPECT_THAT(text, HasSubstr("endpoint_changes_pending 0"));
  EXPECT_THAT(text, HasSubstr("service_changes_total 1"));
  EXPECT_THAT(text, HasSubstr("pointsman_rows_written_total 7"));
}

TEST(AgentMetricsTest, MeasuresEachServiceFromWhenItWasHeardOf) {
  const kube::ObjectKey web{kube::Kind::kService, "shop", "web"};
  const kube::ObjectKey dns{kube::Kind::kService, "shop", "dns"};
  AgentMetrics metrics(kStart);
  HeardChanges heard;
  heard.waiting = {{web, kStart + absl::Milliseconds(10)}};
  metrics.Queued(heard, kStart + absl::Milliseconds(11));
  heard.waiting = {{web, kStart + absl::Milliseconds(20)}, {dns, kStart + absl::Milliseconds(20)}};
  metrics.Queued(heard, kStart + absl::Milliseconds(21));
  EXPECT_EQ(metrics.ProgrammedIn(web), std::nullopt);
  metrics.Programmed(3, absl::Milliseconds(1), kStart + absl::Milliseconds(30));
  EXPECT_EQ(metrics.ProgrammedIn(web), absl::Milliseconds(20));
  EXPECT_EQ(metrics.ProgrammedIn(dns), absl::Milliseconds(10));
  EXPECT_THAT(metrics.Text(), HasSubstr("pointsman_service_change_duration_seconds_count 2"));
  heard.waiting.clear();
  heard.gone = {web};
  metrics.Queued(heard, kStart + absl::Milliseconds(40));
  metrics.Programmed(1, absl::Milliseconds(1), kStart + absl::Milliseconds(50));
  EXPECT_EQ(metrics.ProgrammedIn(web), std::nullopt);
  EXPECT_EQ(metrics.ProgrammedIn(dns), absl::Milliseconds(10));
}

TEST(AgentMetricsTest, WhatIsRefusedGoesOnWaiting) {
  AgentMetrics metrics(kStart);
  HeardChanges heard;
  heard.endpoint_slices = 1;
  heard.triggered = {kStart + absl::Seconds(1)};
  metrics.Queued(heard, kStart + absl::Seconds(1));
  metrics.Refused();
  EXPECT_THAT(metrics.Text(), HasSubstr("pointsman_programming_refused 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("endpoint_changes_pending 1"));
  metrics.Queued({}, kStart + absl::Seconds(9));
  metrics.Programmed(1, absl::Milliseconds(1), kStart + absl::Seconds(11));
  EXPECT_THAT(metrics.Text(), HasSubstr("pointsman_programming_refused 0"));
  EXPECT_THAT(metrics.Text(), HasSubstr("kubeproxy_network_programming_duration_seconds_sum 10"));
}

TEST(AgentMetricsTest, CountsTheCardByReason) {
  AgentMetrics metrics(kStart);
  CardCounts counts;
  counts.health.statistics.resize(64);
  counts.health.statistics[static_cast<size_t>(Statistic::kForwarded)] = 12;
  counts.health.statistics[32 + static_cast<size_t>(Reason::kFragment)] = 5;
  counts.software.drops[static_cast<size_t>(Reason::kServiceRange)] = 3;
  counts.sizes = kSimSizes;
  counts.frontends = 9;
  counts.card.state = CardState::kGone;
  counts.card.punts = true;
  metrics.SetCard(counts);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("pointsman_card_packets_total{did=\"forwarded\"} 12"));
  EXPECT_THAT(text, HasSubstr("pointsman_card_packets_by_reason_total{reason=\"fragment\"} 5"));
  EXPECT_THAT(text, HasSubstr("pointsman_card_packets_by_reason_total{reason=\"too-big\"} 0"));
  EXPECT_THAT(text, HasSubstr("pointsman_software_drops_total{reason=\"service-range\"} 3"));
  EXPECT_THAT(text, HasSubstr("pointsman_table_rows_used{table=\"frontends\"} 9"));
  EXPECT_THAT(text, HasSubstr("pointsman_table_rows{table=\"frontends\"} 4096"));
  EXPECT_THAT(text, Not(HasSubstr("reason=\"?\"")));
  EXPECT_THAT(text, HasSubstr("pointsman_carried_by{carrier=\"software\"} 1"));
  EXPECT_THAT(text, HasSubstr("pointsman_carried_by{carrier=\"card\"} 0"));
}

}  // namespace
}  // namespace pointsman
