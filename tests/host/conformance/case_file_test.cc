#include "host/conformance/case_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pointsman::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kHead[] = R"(format: service-proxy-conformance/packet/v1
scenarios:
  - name: s
    node: {nodeName: n1, nodeIPs: [192.168.0.2], masqueradeAll: true}
)";

std::string WithCase(const std::string& fields) {
  return std::string(kHead) + "    cases:\n      - {" + fields + "}\n";
}

constexpr char kGoodCase[] =
    "name: c, protocol: UDP, source_ip: 10.0.0.1, dest_ip: 10.96.0.1, dest_port: 53, "
    "expect: forward, to: ['10.0.0.9:53', '10.0.0.8:53'], masquerade_for: ['10.0.0.9:53'], "
    "backends: [iptables]";

TEST(ParseCaseFileTest, ReadsACase) {
  const auto file = ParseCaseFile(WithCase(kGoodCase), "a.yaml");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->kind, "packet");
  ASSERT_EQ(file->scenarios.size(), 1u);
  EXPECT_EQ(file->scenarios[0].node.node_name, "n1");
  EXPECT_TRUE(file->scenarios[0].node.masquerade_all);
  ASSERT_EQ(file->scenarios[0].steps.size(), 1u);
  ASSERT_EQ(file->scenarios[0].steps[0].cases.size(), 1u);
  const PacketCase& asked = file->scenarios[0].steps[0].cases[0];
  EXPECT_EQ(asked.name, "c");
  EXPECT_EQ(asked.line, 6);
  EXPECT_EQ(asked.protocol, kube::Protocol::kUdp);
  EXPECT_EQ(asked.source.ToString(), "10.0.0.1");
  EXPECT_EQ(asked.destination.ToString(), "10.96.0.1");
  EXPECT_EQ(asked.destination_port, 53);
  EXPECT_EQ(asked.expect, Expectation::kForward);
  ASSERT_EQ(asked.to.size(), 2u);
  EXPECT_EQ(asked.to[0].ToString(), "10.0.0.9:53");
  EXPECT_THAT(asked.masquerade_for, ElementsAre(asked.to[0]));
  EXPECT_FALSE(asked.masquerade);
}

TEST(ParseCaseFileTest, ReadsSteps) {
  const auto file = ParseCaseFile(std::string(kHead) + R"(    steps:
      - name: first
        apply:
          - {apiVersion: v1, kind: Node, metadata: {name: n1}}
          - {apiVersion: v1, kind: Node, metadata: {name: Not/A/Name}}
      - name: second
        restart: true
        delete:
          - {kind: Service, namespace: shop, name: web}
)",
                                  "a.yaml");
  ASSERT_TRUE(file.ok()) << file.status();
  const std::vector<Step>& steps = file->scenarios[0].steps;
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].apply.size(), 1u);
  EXPECT_EQ(file->refused_objects.size(), 1u);
  EXPECT_FALSE(steps[0].restart);
  EXPECT_TRUE(steps[1].restart);
  ASSERT_EQ(steps[1].deletions.size(), 1u);
  EXPECT_EQ(steps[1].deletions[0].name, "web");
}

TEST(ParseCaseFileTest, LeavesOtherKindsAlone) {
  const auto file =
      ParseCaseFile("format: service-proxy-conformance/session/v1\nscenarios: 3\n", "a.yaml");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->kind, "session");
  EXPECT_TRUE(file->scenarios.empty());
}

TEST(ParseCaseFileTest, ErrorsNameFileLineAndField) {
  struct Case {
    std::string text;
    const char* where;
    const char* what;
  };
  const std::string ends = "source_ip: 10.0.0.1, dest_ip: 10.0.0.2, dest_port: 80, ";
  const Case cases[] = {
      {"", "a.yaml: ", "no conformance cases"},
      {"format: [", "a.yaml: ", "line "},
      {"\nformat: other/v1", "a.yaml:2: format: ", "'other/v1'"},
      {WithCase("dest_ip: 10.0.0.2, dest_port: 80, expect: drop"),
       "a.yaml:6: scenarios[0].cases[0].source_ip: ", "missing"},
      {WithCase("source_ip: 10.0.0.1, dest_port: 80, expect: drop"),
       "a.yaml:6: scenarios[0].cases[0].dest_ip: ", "missing"},
      {WithCase("source_ip: 10.0.0.1, dest_ip: 10.0.0.2, expect: drop"),
       "a.yaml:6: scenarios[0].cases[0].dest_port: ", "missing"},
      {WithCase("source_ip: 10.0.0.1, dest_ip: 10.0.0.2, dest_port: 80"),
       "a.yaml:6: scenarios[0].cases[0].expect: ", "missing"},
      {WithCase(ends + "expect: bounce"), "a.yaml:6: scenarios[0].cases[0].expect: ", "bounce"},
      {WithCase(ends + "expect: forward"), "a.yaml:6: scenarios[0].cases[0].to: ", "missing"},
      {WithCase(ends + "expect: forward, to: ['10.0.0.9']"),
       "a.yaml:6: scenarios[0].cases[0].to[0]: ", "address:port"},
      {WithCase(ends + "expect: forward, to: ['10.0.0.9:70000']"),
       "a.yaml:6: scenarios[0].cases[0].to[0]: ", "address:port"},
      {WithCase(ends + "expect: forward, to: ['fd00::1:80']"),
       "a.yaml:6: scenarios[0].cases[0].to[0]: ", "in brackets"},
      {"format: service-proxy-conformance/packet/v1\nscenarios:\n  - {name: s, node: {}}\n",
       "a.yaml:3: scenarios[0].node.nodeName: ", "missing"}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.text);
    const absl::Status status = ParseCaseFile(one.text, "a.yaml").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith(one.where));
    EXPECT_THAT(std::string(status.message()), HasSubstr(one.what));
  }
}

TEST(SocketAddressTest, PutsIpv6InBrackets) {
  EXPECT_EQ((SocketAddress{kube::IpAddress::Parse("fd00::1").value(), 80}.ToString()),
            "[fd00::1]:80");
}

}  // namespace
}  // namespace pointsman::conformance
