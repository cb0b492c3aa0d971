#include "host/agent/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Ip;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

HealthAnswer Echo(const std::string& path) {
  return {.status = 418, .headers = {{"X-Test", "yes"}}, .body = "\"" + path + "\""};
}

TEST(HttpListenerTest, AnswersEveryPathAndMethod) {
  auto listener = HttpListener::Open(Ip("127.0.0.1"), 0, Echo);
  ASSERT_TRUE(listener.ok()) << listener.status();
  httplib::Client client("127.0.0.1", (*listener)->port());
  for (const httplib::Result& result : {client.Get("/any/path"), client.Post("/any/path")}) {
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 418);
    EXPECT_EQ(result->body, "\"/any/path\"");
    EXPECT_EQ(result->get_header_value("Content-Type"), "application/json");
    EXPECT_EQ(result->get_header_value("X-Test"), "yes");
  }
}

TEST(HttpListenerTest, APortThatIsTakenIsAnError) {
  auto first = HttpListener::Open(Ip("127.0.0.1"), 0, Echo);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = (*first)->port();
  const auto second = HttpListener::Open(Ip("127.0.0.1"), port, Echo);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("127.0.0.1 port " + std::to_string(port)));
  first->reset();
  EXPECT_TRUE(HttpListener::Open(Ip("127.0.0.1"), port, Echo).ok());
}

TEST(HttpListenerTest, AnAddressOfAnotherMachineIsAnError) {
  EXPECT_FALSE(HttpListener::Open(Ip("192.0.2.1"), 0, Echo).ok());
}

TEST(HttpListenerTest, ClosesInTimeWithAClientThatNeverAsks) {
  auto listener = HttpListener::Open(Ip("127.0.0.1"), 0, Echo);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons((*listener)->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const Clock::time_point start = Clock::now();
  listener->reset();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(8));
  close(client);
}

}  // namespace
}  // namespace pointsman
