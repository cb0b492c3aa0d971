#include "flow_tables/busyness.h"

#include <map>
#include <set>

#include "flow_tables/describe.h"
#include "gmock/gmock.h"
#include "tests/flow_tables/random_forwarding.h"

namespace pointsman {
namespace {

constexpr uint32_t kFrontends = 48;

Frontend Service(uint32_t number) {
  Frontend frontend{.name = "shop", .address = Ipv4Address{0x0a600000 + number}, .port = 80};
  frontend.outside = {
      FrontendAction::kForward,
      false,
      {{.address = Ipv4Address{0x0af40000 + number}, .port = 8080, .next_hop = {}}}};
  frontend.inside = frontend.outside;
  return frontend;
}

class BusynessTest : public testing::Test {
 protected:
  void SetUp() override {
    CardSizes sizes = kSmallSizes;
    sizes.frontends = 32;
    keeper_ = std::make_unique<ImageKeeper>(EmptyImage(sizes));
    Forwarding wanted;
    for (uint32_t i = 0; i < kFrontends; ++i) wanted.frontends.push_back(Service(i));
    ASSERT_TRUE(keeper_->Replace(wanted).ok());
    ASSERT_GT(keeper_->misfits().size(), 10u);
  }

  // Frontend i has about (i * 7 mod 48) * 10 connections in a period. Returns how many changed
  // places.
  int Period(std::mt19937_64& random) {
    for (uint32_t i = 0; i < kFrontends; ++i) {
      const uint32_t mean = Rank(i) * 10;
      const uint32_t count = mean * (9 + Below(random, 3)) / 10;
      for (uint32_t n = 0; n < count; ++n) busyness_.Count(KeyOf(Service(i)));
    }
    busyness_.EndPeriod();
    int changed = 0;
    for (; changed < 100; ++changed) {
      const auto exchange = busyness_.Choose(*keeper_);
      if (!exchange) break;
      keeper_->MakeWay(exchange->misfit, exchange->resident);
      EXPECT_FALSE(keeper_->misfits().contains(exchange->misfit));
      EXPECT_TRUE(keeper_->misfits().contains(exchange->resident));
      ++moves_[exchange->misfit];
      ++moves_[exchange->resident];
    }
    return changed;
  }
  static uint32_t Rank(uint32_t frontend) { return frontend * 7 % kFrontends; }

  std::unique_ptr<ImageKeeper> keeper_;
  Busyness busyness_;
  std::map<FrontendKey, int> moves_;
};

TEST_F(BusynessTest, TheBusiestStayAndNothingFlaps) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 5; ++i) Period(random);
  for (uint32_t i = 0; i < kFrontends; ++i) {
    const bool is_misfit = keeper_->misfits().contains(KeyOf(Service(i)));
    EXPECT_FALSE(is_misfit && Rank(i) >= 40) << i;
    EXPECT_FALSE(!is_misfit && Rank(i) < 6) << i;
  }
  // Two that differ by just about the factor may yet change places, and then stay.
  moves_.clear();
  for (int i = 0; i < 100; ++i) Period(random);
  for (const auto& [frontend, moves] : moves_)
    EXPECT_EQ(moves, 1) << Describe(std::get<0>(frontend));
  EXPECT_LE(moves_.size(), 4u);
}

TEST_F(BusynessTest, TheyMoveBackWhenThereIsRoom) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 5; ++i) Period(random);
  ForwardingChange fewer;
  for (uint32_t i = 0; i < kFrontends; ++i) {
    if (Rank(i) % 2 == 0) fewer.gone.push_back(KeyOf(Service(i)));
  }
  ASSERT_TRUE(keeper_->Update(fewer).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(keeper_->Update({}).ok());
  EXPECT_TRUE(keeper_->misfits().empty());
  EXPECT_EQ(Period(random), 0);
}

}  // namespace
}  // namespace pointsman
