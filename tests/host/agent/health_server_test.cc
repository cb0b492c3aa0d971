#include "host/agent/health_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>

#include "host/agent/http_listener.h"
#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using nlohmann::json;
using test::Ip;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two loopback addresses that no other test process has.
kube::IpAddress OwnLoopback(uint8_t number) {
  const auto pid = static_cast<uint32_t>(getpid());
  const std::array<uint8_t, 4> bytes = {127, number, static_cast<uint8_t>(pid >> 8),
                                        static_cast<uint8_t>(pid)};
  return kube::IpAddress::FromBytes(bytes);
}

class HealthServerTest : public testing::Test {
 protected:
  void SetUp() override {
    HealthServerOptions options;
    options.address = Ip("127.0.0.1");
    options.port = 0;
    options.stale_after = absl::Seconds(10);
    options.now = [this] { return absl::FromUnixSeconds(seconds_); };
    auto server = HealthServer::Open(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Synced(kube::IpFamily::kIPv4);
  }

  static HealthCheckPort Port(std::string service, uint16_t port, int local_endpoints) {
    return {{kube::Kind::kService, "ns1", std::move(service)}, port, {kOne}, local_endpoints};
  }

  static httplib::Result Get(const kube::IpAddress& address, uint16_t port,
                             const std::string& path = "/healthz") {
    httplib::Client client(address.ToString(), port);
    client.set_connection_timeout(2);
    client.set_read_timeout(2);
    return client.Get(path);
  }

  httplib::Result GetProxy(const std::string& path) const {
    return Get(Ip("127.0.0.1"), server_->port(), path);
  }

  inline static const kube::IpAddress kOne = OwnLoopback(61);
  inline static const kube::IpAddress kTwo = OwnLoopback(62);
  std::atomic<int64_t> seconds_ = 1'700'000'000;
  std::unique_ptr<HealthServer> server_;
};

TEST_F(HealthServerTest, PortsComeChangeAndGo) {
  EXPECT_THAT(server_->Update({Port("a", 31001, 2), Port("b", 31002, 0)}, true), IsEmpty());
  auto answer = Get(kOne, 31001);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("X-Load-Balancing-Endpoint-Weight"), "2");
  EXPECT_EQ(json::parse(answer->body)["service"]["name"], "a");
  answer = Get(kOne, 31002, "/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_FALSE(Get(kTwo, 31001));

  EXPECT_THAT(server_->Update({Port("a", 31001, 0), Port("b", 31003, 1)}, true), IsEmpty());
  EXPECT_EQ(Get(kOne, 31001)->status, 503);
  EXPECT_FALSE(Get(kOne, 31002));
  EXPECT_EQ(Get(kOne, 31003)->status, 200);

  EXPECT_THAT(server_->Update({}, true), IsEmpty());
  EXPECT_FALSE(Get(kOne, 31001));
}

TEST_F(HealthServerTest, ListensAtEachAddress) {
  HealthCheckPort port = Port("a", 31001, 1);
  port.addresses = {kOne, kTwo};
  EXPECT_THAT(server_->Update({port}, true), IsEmpty());
  EXPECT_TRUE(Get(kOne, 31001));
  EXPECT_TRUE(Get(kTwo, 31001));
  port.addresses = {kTwo};
  EXPECT_THAT(server_->Update({port}, true), IsEmpty());
  EXPECT_FALSE(Get(kOne, 31001));
  EXPECT_TRUE(Get(kTwo, 31001));
}

TEST_F(HealthServerTest, WildcardsOfBothFamiliesShareAPort) {
  HealthCheckPort ipv4 = Port("a", 31004, 1);
  ipv4.addresses = {Ip("0.0.0.0")};
  HealthCheckPort ipv6 = Port("a", 31004, 1);
  ipv6.addresses = {Ip("::")};
  EXPECT_THAT(server_->Update({ipv4, ipv6}, true), IsEmpty());
  EXPECT_TRUE(Get(kOne, 31004));
}

TEST_F(HealthServerTest, APortThatChangesHandsIsFreeInTime) {
  EXPECT_THAT(server_->Update({Port("a", 31001, 1)}, true), IsEmpty());
  EXPECT_THAT(server_->Update({Port("b", 31001, 1)}, true), IsEmpty());
  EXPECT_EQ(json::parse(Get(kOne, 31001)->body)["service"]["name"], "b");
}

TEST_F(HealthServerTest, AServiceWhosePortIsTakenIsReportedAndTriedAgain) {
  auto other = HttpListener::Open(kTwo, 31001, [](const std::string&) { return HealthAnswer(); });
  ASSERT_TRUE(other.ok()) << other.status();
  HealthCheckPort port = Port("a", 31001, 1);
  port.addresses = {kOne, kTwo};
  const auto problems = server_->Update({port, Port("b", 31002, 1)}, true);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].object, "Service ns1/a");
  EXPECT_EQ(problems[0].field, "spec.healthCheckNodePort");
  EXPECT_THAT(problems[0].message, HasSubstr(kTwo.ToString() + " port 31001"));
  EXPECT_FALSE(Get(kOne, 31001));  // all or none
  EXPECT_TRUE(Get(kOne, 31002));
  other->reset();
  EXPECT_THAT(server_->Update({port}, true), IsEmpty());
  EXPECT_TRUE(Get(kOne, 31001));
  EXPECT_TRUE(Get(kTwo, 31001));
}

TEST_F(HealthServerTest, TheProxyIsWellWhileItKeepsUp) {
  server_->Update({Port("a", 31001, 1)}, true);
  EXPECT_EQ(GetProxy("/healthz")->status, 200);
  server_->Queued(kube::IpFamily::kIPv4);
  seconds_ += 10;
  for (const char* path : {"/healthz", "/livez"}) EXPECT_EQ(GetProxy(path)->status, 503) << path;
  EXPECT_EQ(Get(kOne, 31001)->status, 503);
  server_->Synced(kube::IpFamily::kIPv4);
  EXPECT_EQ(GetProxy("/livez")->status, 200);
  EXPECT_EQ(Get(kOne, 31001)->status, 200);
}

TEST_F(HealthServerTest, ANodeThatLeavesIsToldAtHealthzOnly) {
  server_->Update({}, false);
  EXPECT_EQ(GetProxy("/healthz")->status, 503);
  EXPECT_EQ(json::parse(GetProxy("/healthz")->body)["nodeEligible"], false);
  EXPECT_EQ(GetProxy("/livez")->status, 200);
  EXPECT_FALSE(json::parse(GetProxy("/livez")->body).contains("nodeEligible"));
  EXPECT_EQ(GetProxy("/other")->status, 404);
}

TEST_F(HealthServerTest, NamesAnAddressItCannotServeAt) {
  HealthServerOptions options;
  options.address = Ip("127.0.0.1");
  options.port = server_->port();
  const absl::Status status = HealthServer::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace pointsman
