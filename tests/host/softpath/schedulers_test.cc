#include "host/softpath/schedulers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace pointsman {
namespace {

using ::testing::ElementsAre;

Frontend WithEndpoints(Scheduler scheduler, std::vector<uint16_t> weights) {
  Frontend frontend;
  frontend.name = "web";
  frontend.scheduler = scheduler;
  frontend.outside.action = FrontendAction::kForward;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    frontend.outside.endpoints.push_back({Ipv4Address{0x0af40001 + i}, 80, {}, weights[i]});
  }
  return frontend;
}

FlowKey From(uint32_t client, uint16_t port = 40000) {
  return {Ipv4Address{client}, Ipv4Address{0x0a600001}, port, 80, Protocol::kTcp};
}

// How often each endpoint is chosen by `count` clients.
std::vector<int> Shares(const Frontend& frontend, int count) {
  Schedulers schedulers(0);
  std::vector<int> shares(frontend.outside.endpoints.size());
  for (int i = 0; i < count; ++i) {
    const auto chosen =
        schedulers.Choose(frontend, frontend.outside, From(0x0a000000 + static_cast<uint32_t>(i)));
    schedulers.Took(frontend, frontend.outside.endpoints[*chosen]);
    ++shares[*chosen];
  }
  return shares;
}

TEST(SchedulersTest, RoundRobinGoesInTurn) {
  EXPECT_THAT(Shares(WithEndpoints(Scheduler::kRoundRobin, {1, 1, 1}), 7), ElementsAre(3, 2, 2));
}

TEST(SchedulersTest, ChoosingAloneIsNoTurn) {
  const Frontend frontend = WithEndpoints(Scheduler::kRoundRobin, {1, 1});
  Schedulers schedulers(0);
  EXPECT_EQ(schedulers.Choose(frontend, frontend.outside, From(1)), 0u);
  EXPECT_EQ(schedulers.Choose(frontend, frontend.outside, From(1)), 0u);
  schedulers.Took(frontend, frontend.outside.endpoints[0]);
  Schedulers heir(0);
  heir.Inherit(std::move(schedulers));
  EXPECT_EQ(heir.Choose(frontend, frontend.outside, From(1)), 1u);
}

TEST(SchedulersTest, LeastConnectionFillsUpWhoHasFewest) {
  const Frontend frontend = WithEndpoints(Scheduler::kLeastConnection, {1, 1, 1});
  Schedulers schedulers(0);
  std::vector<size_t> chosen;
  for (int i = 0; i < 4; ++i) {
    chosen.push_back(*schedulers.Choose(frontend, frontend.outside, From(1)));
    schedulers.Took(frontend, frontend.outside.endpoints[chosen.back()]);
  }
  EXPECT_THAT(chosen, ElementsAre(0, 1, 2, 0));
  schedulers.Ended({frontend.outside.endpoints[2].address, 80});
  EXPECT_EQ(schedulers.Choose(frontend, frontend.outside, From(1)), 2u);
}

TEST(SchedulersTest, HashesOfTheClientIgnoreItsPort) {
  for (const Scheduler scheduler : {Scheduler::kSourceHash, Scheduler::kMaglevHash}) {
    const Frontend frontend = WithEndpoints(scheduler, {1, 1, 1, 1});
    Schedulers schedulers(0);
    const auto first = schedulers.Choose(frontend, frontend.outside, From(0x0a000001, 1));
    for (uint16_t port = 2; port < 100; ++port) {
      EXPECT_EQ(schedulers.Choose(frontend, frontend.outside, From(0x0a000001, port)), first);
    }
  }
}

TEST(SchedulersTest, HashesOfTheClientWeigh) {
  for (const Scheduler scheduler : {Scheduler::kSourceHash, Scheduler::kMaglevHash}) {
    const std::vector<int> shares = Shares(WithEndpoints(scheduler, {1, 0, 3}), 20000);
    EXPECT_NEAR(shares[0], 5000, 400);
    EXPECT_EQ(shares[1], 0);
    EXPECT_NEAR(shares[2], 15000, 400);
    const Frontend none = WithEndpoints(scheduler, {0, 0});
    EXPECT_EQ(Schedulers(0).Choose(none, none.outside, From(1)), std::nullopt);
  }
}

TEST(SchedulersTest, RandomIsEven) {
  const std::vector<int> shares = Shares(WithEndpoints(Scheduler::kRandom, {1, 0, 1, 9}), 20000);
  for (const int share : shares) EXPECT_NEAR(share, 5000, 400);
}

}  // namespace
}  // namespace pointsman
