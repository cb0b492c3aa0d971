#include "host/agent/api_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/apiserver/api_fixture.h"

namespace pointsman {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ApiFeedTest : public kube::ApiFixture {
 protected:
  void Follow(const std::string& node_name) {
    auto feed = ApiFeed::Open(config_, node_name, {}, metrics_);
    ASSERT_TRUE(feed.ok()) << feed.status();
    feed_ = *std::move(feed);
    feed_->Start();
  }

  // The first new state of which `wanted` holds; nothing within the deadline fails the test.
  template <class Wanted>
  NodeForwarding Await(const Wanted& wanted) {
    const absl::Time deadline = absl::Now() + kDeadline;
    while (absl::Now() < deadline) {
      if (auto newest = feed_->TakeNewest()) {
        newest->ApplyTo(state_);
        if (wanted(state_)) return state_;
      }
      absl::SleepFor(absl::Milliseconds(2));
    }
    ADD_FAILURE() << "the feed had nothing such within " << kDeadline;
    return {};
  }
  NodeForwarding AwaitAny() {
    return Await([](const NodeForwarding&) { return true; });
  }

  AgentMetrics metrics_{absl::Now()};
  std::unique_ptr<ApiFeed> feed_;
  NodeForwarding state_;
};

bool HasProblem(const NodeForwarding& state) { return !state.problems.empty(); }

TEST_F(ApiFeedTest, TakesServicesEndpointsAndTheOwnNodeFromTheServer) {
  StartServer(Tls());
  Follow("worker-1");
  const NodeForwarding state = AwaitAny();
  ASSERT_EQ(state.forwarding.frontends.size(), 1u);
  EXPECT_EQ(state.forwarding.frontends[0].inside.endpoints.size(), 2u);
  EXPECT_EQ(state.facts.primary_addresses[0].ToString(), "192.168.0.2");
  EXPECT_EQ(state.facts.pod_cidrs[0].ToString(), "10.244.1.0/24");
  EXPECT_THAT(state.problems, IsEmpty());
}

TEST_F(ApiFeedTest, FollowsChangesAndSurvivesAnOutage) {
  StartServer(Tls());
  Follow("worker-1");
  AwaitAny();
  server_->Stop();
  kube::PutSlice(store_, "cart", 7);
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_FALSE(feed_->TakeNewest().has_value()) << "an outage is no change";
  server_->Start();
  Await([](const NodeForwarding& s) {
    return s.forwarding.frontends.size() == 1 &&
           s.forwarding.frontends[0].inside.endpoints.size() == 7;
  });
}

TEST_F(ApiFeedTest, WaitsForTheOwnNode) {
  StartServer(Tls());
  Follow("worker-9");
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_FALSE(feed_->TakeNewest().has_value());
  kube::PutNode(store_, "worker-9");
  AwaitAny();
}

TEST_F(ApiFeedTest, KeepsTheLastStateWhenTheNodeGoesAndReportsIt) {
  StartServer(Tls());
  Follow("worker-1");
  const NodeForwarding good = AwaitAny();
  store_.Delete(kube::kNodes, "", "worker-1");
  const NodeForwarding gone = Await(HasProblem);
  EXPECT_EQ(gone.forwarding, good.forwarding);
  EXPECT_THAT(gone.problems, Contains(HasSubstr("worker-1")));
}

TEST_F(ApiFeedTest, ReportsARefusedObjectAndKeepsItsLastGoodState) {
  StartServer(Tls());
  Follow("worker-1");
  const NodeForwarding good = AwaitAny();
  kube::PutService(store_, "cart", 0);
  const NodeForwarding state = Await(HasProblem);
  EXPECT_EQ(state.forwarding, good.forwarding);
  EXPECT_THAT(state.problems, Contains(HasSubstr("Service shop/cart: spec.ports[0].port")));
}

TEST_F(ApiFeedTest, EndsWhileNobodyAnswers) {
  StartServer(Tls());
  test::ApiFaults faults;
  faults.silent_requests = 3;
  server_->SetFaults(faults);
  Follow("worker-1");
  absl::SleepFor(absl::Milliseconds(100));
  const absl::Time started = absl::Now();
  feed_.reset();
  EXPECT_LT(absl::Now() - started, absl::Seconds(5));
}

}  // namespace
}  // namespace pointsman
