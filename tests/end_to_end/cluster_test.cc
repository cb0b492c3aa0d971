// The shipped agent with a kubeconfig and the simulated card: objects at an API server, over TLS,
// and frames on both of the card's wires.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/agent/status_server.h"
#include "tests/host/apiserver/api_fixture.h"
#include "tests/sim/card/port_listener.h"
#include "tests/support/child_process.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class ClusterTest : public kube::ApiFixture {
 protected:
  static constexpr char kToken[] = "a-token-that-nobody-may-see";

  void StartAgent(const std::vector<std::string>& more = {}) {
    folder_.Write("config",
                  fmt::format(R"(apiVersion: v1
kind: Config
clusters: [{{name: lab, cluster: {{server: "{}", certificate-authority: {}}}}}]
users: [{{name: agent, user: {{token: {}}}}}]
contexts: [{{name: lab, context: {{cluster: lab, user: agent}}}}]
current-context: lab
)",
                              server_->url(), certificates().Certificate("ca").string(), kToken));
    metrics_port_ = FreePort();
    std::vector<std::string> command = {POINTSMAN_PROGRAM,
                                        "agent",
                                        "--node",
                                        "worker-1",
                                        "--kubeconfig",
                                        Path("config"),
                                        "--card",
                                        "sim",
                                        "--status",
                                        Path("agent.sock"),
                                        "--healthz-bind-address",
                                        "",
                                        "--metrics-bind-address",
                                        fmt::format("127.0.0.1:{}", metrics_port_)};
    command.insert(command.end(), more.begin(), more.end());
    agent_ = std::make_unique<test::ChildProcess>(
        command,
        std::vector<std::string>{"POINTSMAN_SIM_UPLINK=unix:" + uplink_listener_.path(),
                                 "POINTSMAN_SIM_NODE=unix:" + node_listener_.path()},
        Path("agent.log"));
    uplink_ = uplink_listener_.Accept();
    node_ = node_listener_.Accept();
    ASSERT_TRUE(uplink_.valid() && node_.valid()) << agent_->Log();
  }

  static test::ApiServerOptions TlsAndToken() {
    test::ApiServerOptions options = Tls();
    options.token = kToken;
    return options;
  }

  // One that nobody listens on, for the moment.
  static int FreePort() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, generic, size), 0);
    EXPECT_EQ(getsockname(listener, generic, &size), 0);
    close(listener);
    return ntohs(address.sin_port);
  }

  std::string Metrics() const {
    const auto command = fmt::format("curl -sS -m 5 http://127.0.0.1:{}/metrics", metrics_port_);
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0);
    return text;
  }

  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }

  template <class Wanted>
  bool Await(const Wanted& wanted) {
    const absl::Time end = absl::Now() + kDeadline;
    while (!wanted()) {
      if (absl::Now() > end || !agent_->Runs()) return false;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return true;
  }

  // Frontends as the agent says it has programmed them; the document of an agent that starts is
  // empty.
  nlohmann::json Status() const {
    const auto document = FetchStatus(Path("agent.sock"));
    return document.ok() ? nlohmann::json::parse(*document, nullptr, false) : nlohmann::json();
  }
  bool Serves(const std::string& address) const {
    const nlohmann::json status = Status();
    if (!status.is_object()) return false;
    return std::ranges::any_of(status.at("frontends"), [&](const nlohmann::json& frontend) {
      return frontend.at("address") == address;
    });
  }

  // A pod sends a first packet; what leaves by the uplink.
  std::string WhatLeaves(uint16_t source_port, uint16_t port) {
    TcpSpec spec;
    spec.ip.source = Ipv4Address{0x0af40105};       // 10.244.1.5
    spec.ip.destination = Ipv4Address{0x0a600001};  // 10.96.0.1
    spec.source_port = source_port;
    spec.destination_port = port;
    if (!SendFrame(node_, BuildTcp(spec))) return "not sent";
    return DescribeFrame(TakeFrame(uplink_));
  }

  kube::TempFolder folder_;
  PortListener uplink_listener_{"cluster_test.uplink"};
  PortListener node_listener_{"cluster_test.node"};
  FileDescriptor uplink_;
  FileDescriptor node_;
  std::unique_ptr<test::ChildProcess> agent_;
  int metrics_port_ = 0;
};

TEST_F(ClusterTest, ProgramsWhatTheApiServerSaysAndForwardsThroughItsOutage) {
  StartServer(TlsAndToken());
  StartAgent();
  ASSERT_TRUE(Await([&] { return Serves("10.96.0.1:80"); })) << agent_->Log();
  EXPECT_THAT(WhatLeaves(40'000, 80), HasSubstr("10.244.1.5:40000 > 10.244.0."));

  kube::PutService(store_, "cart", 81);
  kube::PutSlice(store_, "cart", 1);
  ASSERT_TRUE(Await([&] { return Serves("10.96.0.1:81") && !Serves("10.96.0.1:80"); }));
  EXPECT_THAT(WhatLeaves(40'001, 81), HasSubstr("10.244.1.5:40001 > 10.244.0.1:8080"));

  server_->Stop();
  kube::PutService(store_, "cart", 82);
  ASSERT_TRUE(Await([&] {
    return agent_->Log().find("list") != std::string::npos ||
           agent_->Log().find("watch") != std::string::npos;
  }));
  EXPECT_THAT(WhatLeaves(40'002, 81), HasSubstr("10.244.1.5:40002 > 10.244.0.1:8080"));
  server_->Start();
  EXPECT_TRUE(Await([&] { return Serves("10.96.0.1:82"); })) << agent_->Log();

  const std::string metrics = Metrics();
  EXPECT_THAT(metrics, HasSubstr("kubeproxy_sync_proxy_rules_endpoint_changes_total 2"));
  EXPECT_THAT(metrics, HasSubstr("kubeproxy_sync_proxy_rules_service_changes_pending 0"));
  EXPECT_THAT(metrics, ContainsRegex("pointsman_card_packets_total\\{did=\"forwarded\"\\} [1-9]"));
  EXPECT_THAT(metrics, ContainsRegex("pointsman_api_requests_failed_total [1-9]"));
  EXPECT_EQ(agent_->Stop(), 0) << agent_->Log();
  EXPECT_EQ(agent_->Log().find(kToken), std::string::npos);
}

// docs/cluster.md, "Beside kube-proxy".
TEST_F(ClusterTest, ServesOnlyTheServicesThatNameIt) {
  StartServer(TlsAndToken());
  const test::Labels ours = {{"service.kubernetes.io/service-proxy-name", "pointsman"}};
  StartAgent({"--service-proxy-name", "pointsman"});
  ASSERT_TRUE(Await([&] {
    return agent_->Log().find("programmed 0 frontends") != std::string::npos;
  })) << agent_->Log();
  EXPECT_THAT(WhatLeaves(40'000, 80), HasSubstr("10.244.1.5:40000 > 10.96.0.1:80")) << "untouched";
  kube::PutService(store_, "cart", 80, ours);
  ASSERT_TRUE(Await([&] { return Serves("10.96.0.1:80"); })) << agent_->Log();
  EXPECT_THAT(WhatLeaves(40'001, 80), HasSubstr("10.244.1.5:40001 > 10.244.0."));
  kube::PutService(store_, "cart", 80);
  ASSERT_TRUE(Await([&] { return !Serves("10.96.0.1:80"); })) << agent_->Log();
  EXPECT_THAT(WhatLeaves(40'002, 80), HasSubstr("10.244.1.5:40002 > 10.96.0.1:80")) << "untouched";
}

TEST_F(ClusterTest, ProgramsNothingWhileTheServerRefusesAndNamesTheRightThatIsMissing) {
  StartServer(TlsAndToken());
  test::ApiFaults faults;
  faults.refuse = 1'000'000;
  faults.refuse_code = 403;
  faults.refuse_message = R"(services is forbidden: User "agent" cannot watch resource "services")";
  server_->SetFaults(faults);
  StartAgent();
  ASSERT_TRUE(Await([&] {
    return agent_->Log().find("watch services: HTTP 403") != std::string::npos;
  })) << agent_->Log();
  EXPECT_EQ(WhatLeaves(40'000, 80).find("10.244.0."), std::string::npos);
  server_->SetFaults({});
  EXPECT_TRUE(Await([&] { return Serves("10.96.0.1:80"); })) << agent_->Log();
}

}  // namespace
}  // namespace pointsman
