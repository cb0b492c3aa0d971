#include "host/agent/manifest_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/host/agent/manifests.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::seconds kDeadline(10);

class ManifestFeedTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("node.yaml", test::kNodeManifest);
    folder_.Write("web.yaml", test::kServiceManifest);
    auto feed = ManifestFeed::Open(folder_.path(), "n1", {});
    ASSERT_TRUE(feed.ok()) << feed.status();
    feed_ = *std::move(feed);
  }

  // The first new state of which `wanted` holds; nothing within the deadline fails the test.
  template <class Wanted>
  NodeForwarding Await(const Wanted& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (std::chrono::steady_clock::now() < deadline) {
      if (auto newest = feed_->TakeNewest(); newest && wanted(*newest->whole))
        return *newest->whole;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "the feed had nothing such within " << kDeadline.count() << " s";
    return {};
  }

  kube::TempFolder folder_;
  std::unique_ptr<ManifestFeed> feed_;
};

bool HasProblem(const NodeForwarding& state) { return !state.problems.empty(); }

TEST_F(ManifestFeedTest, HasTheFolderOnceItIsOpen) {
  EXPECT_THAT(feed_->FirstProblems(), IsEmpty());
  const auto newest = feed_->TakeNewest();
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->whole->forwarding.frontends.size(), 1u);
  EXPECT_FALSE(feed_->TakeNewest().has_value());
}

TEST_F(ManifestFeedTest, FollowsTheFolder) {
  feed_->TakeNewest();
  feed_->Start();
  folder_.Remove("web.yaml");
  const NodeForwarding state =
      Await([](const NodeForwarding& s) { return s.forwarding.frontends.empty(); });
  EXPECT_THAT(state.problems, IsEmpty());
}

TEST_F(ManifestFeedTest, KeepsTheLastGoodStateOfABadManifestAndReportsIt) {
  const auto good = feed_->TakeNewest();
  feed_->Start();
  folder_.Write("web.yaml", "kind: [Service");
  const NodeForwarding state = Await(HasProblem);
  EXPECT_EQ(state.forwarding, good->whole->forwarding);
  EXPECT_THAT(state.problems, Contains(HasSubstr("web.yaml")));
}

TEST_F(ManifestFeedTest, KeepsTheLastGoodStateWhenTheNodeGoes) {
  const auto good = feed_->TakeNewest();
  feed_->Start();
  folder_.Remove("node.yaml");
  const NodeForwarding gone = Await(HasProblem);
  EXPECT_EQ(gone.forwarding, good->whole->forwarding);
  EXPECT_THAT(gone.problems, Contains(HasSubstr("n1")));
  folder_.Write("node.yaml", test::kNodeManifest);
  Await([](const NodeForwarding& s) { return s.problems.empty(); });
}

TEST_F(ManifestFeedTest, DoesNotOpenWithoutItsNode) {
  const auto feed = ManifestFeed::Open(folder_.path(), "n9", {});
  ASSERT_FALSE(feed.ok());
  EXPECT_THAT(std::string(feed.status().message()), HasSubstr("n9"));
}

}  // namespace
}  // namespace pointsman
