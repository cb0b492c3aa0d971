#include "host/agent/reconciler.h"

#include <gtest/gtest.h>

#include "tests/driver/card_fixture.h"

namespace pointsman {
namespace {

// `count` frontends, each with endpoints of its own.
Forwarding Frontends(uint32_t count) {
  Forwarding wanted;
  wanted.masquerade_address = {0xc0a80002};
  for (uint32_t i = 0; i < count; ++i) {
    Frontend frontend;
    frontend.address = Ipv4Address{0x0a600000 + i};
    frontend.port = 80;
    frontend.outside = {FrontendAction::kForward, true, {{Ipv4Address{0x0af40000 + i}, 8080, {}}}};
    wanted.frontends.push_back(frontend);
  }
  return wanted;
}

class ReconcilerTest : public CardFixture {
 protected:
  void SetUp() override { ASSERT_TRUE(Open().ok()); }

  void ExpectCardHolds(const Image& image) const {
    for (uint32_t i = 0; i < image.sizes.frontends; ++i) {
      ASSERT_EQ(fake_.Row(TableId::kFrontends, i), PackRow(image.frontends[i])) << i;
    }
    for (uint32_t i = 0; i < image.sizes.endpoints; ++i) {
      ASSERT_EQ(fake_.Row(TableId::kEndpoints, i), PackRow(image.endpoints[i])) << i;
    }
  }
};

TEST_F(ReconcilerTest, WritesWhatDiffers) {
  Reconciler reconciler(*card_, 0);
  const auto first = reconciler.Program(Frontends(3));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(*first, 0u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kMode), uint32_t(Mode::kOffload));
  EXPECT_EQ(fake_.Register(RegisterOffset::kCapture), 0u);
  ExpectCardHolds(reconciler.image());
  EXPECT_EQ(reconciler.Program(Frontends(3)).value(), 0u);
  EXPECT_GT(reconciler.Program(Frontends(2)).value(), 0u);
  ExpectCardHolds(reconciler.image());
}

TEST_F(ReconcilerTest, TellsTheTimeToACardThatDoesNotCountIt) {
  Reconciler told(*card_, 0);
  ASSERT_TRUE(told.SetTick(7).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 0u) << "nothing is configured yet";
  ASSERT_TRUE(told.Program(Frontends(1)).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 7u);
  ASSERT_TRUE(told.SetTick(8).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 8u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kUnconfirmedQuota), kSimSizes.originals / 16);
}

TEST_F(ReconcilerTest, LeavesTheTimeToACardThatCountsIt) {
  Reconciler counting(*card_, 1000);
  ASSERT_TRUE(counting.Program(Frontends(1)).ok());
  ASSERT_TRUE(counting.SetTick(8).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTickCycles), 1000u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 0u);
}

TEST_F(ReconcilerTest, LeavesTheCardAsItIsWhereATableIsFull) {
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.Program(Frontends(3)).ok());
  const Image before = reconciler.image();
  const size_t writes = fake_.writes().size();
  const auto result = reconciler.Program(Frontends(kSimSizes.frontends + 1));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(reconciler.image(), before);
  EXPECT_EQ(fake_.writes().size(), writes);
  ExpectCardHolds(before);
}

TEST_F(ReconcilerTest, KeepsTheOldImageWhereTheCardFails) {
  Reconciler reconciler(*card_, 0);
  fake_.faults.commands_until_hang = 0;
  EXPECT_EQ(reconciler.Program(Frontends(3)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(reconciler.image(), EmptyImage(kSimSizes));
}

}  // namespace
}  // namespace pointsman
