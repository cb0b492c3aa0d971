#include "host/agent/status_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/host/kube/temp_folder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class StatusServerTest : public testing::Test {
 protected:
  void ExpectNobodyAnswers() const {
    const Clock::time_point start = Clock::now();
    const absl::Status status = FetchStatus(socket_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr(socket_));
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  }

  kube::TempFolder folder_;
  const std::string socket_ = folder_.path() / "run" / "agent.sock";
};

TEST_F(StatusServerTest, HandsOutWhatIsMadeWhenSomebodyAsks) {
  auto server = StatusServer::Open(socket_);
  ASSERT_TRUE(server.ok()) << server.status();
  for (const char* document : {"{\"a\": 1}", "{\"a\": 2}"}) {
    EXPECT_FALSE((*server)->wanted(AgentDocument::kStatus));
    auto fetched = std::async(std::launch::async, [this] { return FetchStatus(socket_); });
    while (!(*server)->wanted(AgentDocument::kStatus))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    (*server)->Publish(AgentDocument::kAudit, "another");
    (*server)->Publish(AgentDocument::kStatus, document);
    const auto answer = fetched.get();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, document);
  }
}

TEST_F(StatusServerTest, AnAuditIsAskedForByItself) {
  auto server = StatusServer::Open(socket_);
  ASSERT_TRUE(server.ok()) << server.status();
  auto fetched = std::async(std::launch::async,
                            [this] { return FetchDocument(socket_, AgentDocument::kAudit); });
  while (!(*server)->wanted(AgentDocument::kAudit)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE((*server)->wanted(AgentDocument::kStatus));
  (*server)->Publish(AgentDocument::kAudit, "all is well");
  EXPECT_EQ(fetched.get().value(), "all is well");
  EXPECT_FALSE((*server)->wanted(AgentDocument::kAudit));
}

TEST_F(StatusServerTest, ADocumentIsAboutWhatAllAskWhoGetIt) {
  auto server = StatusServer::Open(socket_);
  ASSERT_TRUE(server.ok()) << server.status();
  std::vector<std::future<absl::StatusOr<std::string>>> fetched;
  for (const std::string about : {"10.0.0.1 1 10.0.0.2 2 TCP", "a&b=c"}) {
    fetched.push_back(std::async(std::launch::async, [this, about] {
      const auto document = FetchDocument(socket_, AgentDocument::kTraces, about);
      if (!document.ok()) return document;
      EXPECT_THAT(*document, HasSubstr("<" + about + ">"));
      return document;
    }));
  }
  const Clock::time_point end = Clock::now() + std::chrono::seconds(10);
  const auto answered = [&] {
    return std::ranges::all_of(fetched, [](const auto& one) {
      return one.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
    });
  };
  while (!answered() && Clock::now() < end) {
    if (!(*server)->wanted(AgentDocument::kTraces)) continue;
    (*server)->PublishAbout(AgentDocument::kTraces, [](std::span<const std::string> all) {
      std::string document;
      for (const std::string& about : all) document += "<" + about + ">";
      return document;
    });
  }
  for (auto& one : fetched) EXPECT_TRUE(one.get().ok());
}

TEST_F(StatusServerTest, AnAgentThatMakesNoneIsAnError) {
  auto server = StatusServer::Open(socket_);
  ASSERT_TRUE(server.ok()) << server.status();
  ExpectNobodyAnswers();
}

TEST_F(StatusServerTest, TheSocketGoesWithIt) {
  ASSERT_TRUE(StatusServer::Open(socket_).ok());
  EXPECT_FALSE(std::filesystem::exists(socket_));
  ExpectNobodyAnswers();
}

TEST_F(StatusServerTest, TakesThePlaceOfASocketThatWasLeft) {
  folder_.Write("run/agent.sock", "");
  auto server = StatusServer::Open(socket_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(std::filesystem::is_socket(socket_));
}

TEST_F(StatusServerTest, NamesASocketThatCannotBeMade) {
  folder_.Write("file", "");
  const std::string path = folder_.path() / "file" / "agent.sock";
  const auto server = StatusServer::Open(path);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(path));
}

TEST_F(StatusServerTest, DoesNotWaitForOneWhoNeverAnswers) {
  folder_.MakeFolder("run");
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket_.size(), sizeof(address.sun_path));
  std::strcpy(address.sun_path, socket_.c_str());
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ExpectNobodyAnswers();
  close(listener);
}

}  // namespace
}  // namespace pointsman
