#include "host/agent/reconciler.h"

#include <gtest/gtest.h>

#include "flow_tables/frontend_index.h"
#include "host/agent/audit.h"
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

  absl::Status OpenAdopting() {
    RingCardOptions options = SmallRings();
    options.adopt = true;
    auto card = RingCard::Open(fake_.Connect(), options);
    if (card.ok()) card_ = *std::move(card);
    return card.status();
  }

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

TEST_F(ReconcilerTest, WritesWhatAChangeNames) {
  Reconciler reconciler(*card_, 0);
  ASSERT_FALSE(reconciler.in_step());
  ASSERT_TRUE(reconciler.Program(Frontends(3)).ok());
  ASSERT_TRUE(reconciler.in_step());
  Forwarding next = Frontends(4);
  next.cluster_ips = {Ipv4Address{0x0a600003}};
  ForwardingChange change{.frontends = {next.frontends[3]}, .gone = {KeyOf(next.frontends[1])}};
  change.rest = RestOf(next);
  const auto rows = reconciler.Update(change);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_LT(*rows, 2000u);
  ExpectCardHolds(reconciler.image());
  EXPECT_EQ(fake_.Register(RegisterOffset::kUnconfirmedQuota), kSimSizes.originals / 16);
  next.frontends.erase(next.frontends.begin() + 1);
  EXPECT_EQ(reconciler.Program(next).value(), 0u) << "it is what the change came to";
}

TEST_F(ReconcilerTest, IsOutOfStepAfterAChangeThatMakesNoSense) {
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.Program(Frontends(3)).ok());
  ForwardingChange change{.frontends = Frontends(1).frontends, .gone = {}};
  change.frontends[0].outside.endpoints.clear();
  EXPECT_EQ(reconciler.Update(change).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(reconciler.in_step());
  ExpectCardHolds(reconciler.image());
  EXPECT_EQ(reconciler.Program(Frontends(3)).value(), 0u);
  EXPECT_TRUE(reconciler.in_step());
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

TEST_F(ReconcilerTest, TellsTheCardWhereTheHostHasConnections) {
  constexpr uint32_t kTcp = 1U << static_cast<int>(HostProtocol::kTcp);
  constexpr uint32_t kUdp = 1U << static_cast<int>(HostProtocol::kUdp);
  const auto told = [&] { return fake_.Register(RegisterOffset::kHostProtocols); };
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.SetHostConnections(true, false).ok());
  EXPECT_EQ(told(), 0u) << "nothing is configured yet";
  ASSERT_TRUE(reconciler.Program(Frontends(1)).ok());
  EXPECT_EQ(told(), kTcp);
  ASSERT_TRUE(reconciler.SetHostConnections(true, true).ok());
  EXPECT_EQ(told(), kTcp | kUdp);
  Forwarding wanted = Frontends(2);
  wanted.cluster_ips = {Ipv4Address{0x0a600000}};
  ASSERT_TRUE(reconciler.Program(wanted).ok());
  EXPECT_EQ(told(), kTcp | kUdp | 1U << static_cast<int>(HostProtocol::kSctp));
  ASSERT_TRUE(reconciler.SetHostConnections(false, true).ok());
  EXPECT_EQ(told() & (kTcp | kUdp), kUdp);
}

TEST_F(ReconcilerTest, LeavesTheTimeToACardThatCountsIt) {
  Reconciler counting(*card_, 1000);
  ASSERT_TRUE(counting.Program(Frontends(1)).ok());
  ASSERT_TRUE(counting.SetTick(8).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kTickCycles), 1000u);
  EXPECT_EQ(fake_.Register(RegisterOffset::kTick), 0u);
}

TEST_F(ReconcilerTest, LeavesTheCardAsItIsWhereForwardingMakesNoSense) {
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.Program(Frontends(3)).ok());
  const Image before = reconciler.image();
  const size_t writes = fake_.writes().size();
  Forwarding twice = Frontends(3);
  twice.frontends.push_back(twice.frontends[0]);
  EXPECT_EQ(reconciler.Program(twice).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(reconciler.image(), before);
  EXPECT_EQ(fake_.writes().size(), writes);
  ExpectCardHolds(before);
}

TEST_F(ReconcilerTest, LendsRowsToWhatDoesNotFit) {
  Reconciler reconciler(*card_, 0);
  const Forwarding wanted = Frontends(kSimSizes.frontends + 50);
  ASSERT_TRUE(reconciler.Program(wanted).ok());
  ASSERT_GE(reconciler.keeper().misfits().size(), 50u);
  ExpectCardHolds(reconciler.image());
  for (int i = 0; i < 3 * static_cast<int>(RowsToLend(kSimSizes.frontends)); ++i) {
    const auto& misfits = reconciler.keeper().misfits();
    const FrontendKey key = std::next(misfits.begin(), i % 40)->first;
    const Backend endpoint{.address = Ipv4Address{0x0afa0000 + static_cast<uint32_t>(i % 60)},
                           .port = 8080,
                           .next_hop = {}};
    const auto row = reconciler.Lend({key, endpoint});
    ASSERT_TRUE(row.ok()) << row.status();
    const auto held = UnpackRow<EndpointRow>(fake_.Row(TableId::kEndpoints, *row));
    EXPECT_TRUE(held.valid);
    EXPECT_EQ(held.address, endpoint.address.bits());
    const auto rows = IndexFrontends(reconciler.image().frontends);
    ASSERT_TRUE(rows.contains(key));
    EXPECT_EQ(reconciler.image().frontends[rows.at(key)].outside_action, FrontendAction::kHost);
  }
  ExpectCardHolds(reconciler.image());
  EXPECT_FALSE(reconciler.Lend({KeyOf(Frontends(9000).frontends[8999]), {}}).ok());
  // Lent rows go with the next change, and what has room then moves in.
  ASSERT_TRUE(reconciler.Program(Frontends(kSimSizes.frontends / 2)).ok());
  EXPECT_TRUE(reconciler.keeper().misfits().empty());
  ExpectCardHolds(reconciler.image());
}

// The card stops in the middle of a plan. Opened anew it forwards on, and gets what is missing.
TEST_F(ReconcilerTest, ResumesAPlanWhereverTheCardFails) {
  for (uint64_t commands = 0; commands < 40; ++commands) {
    card_.reset();
    ASSERT_TRUE(Open().ok());
    Reconciler broken(*card_, 0);
    ASSERT_TRUE(broken.Program(Frontends(3)).ok());
    fake_.faults.commands_until_hang = commands;
    const auto failed = broken.Program(Frontends(6));
    const bool failed_late = !failed.ok();
    card_.reset();
    fake_.faults = {};
    ASSERT_TRUE(OpenAdopting().ok());
    EXPECT_EQ(fake_.Register(RegisterOffset::kMode), uint32_t(Mode::kOffload));
    Reconciler resumed(*card_, 0);
    ASSERT_TRUE(resumed.Adopt().ok());
    const auto rows = resumed.Program(Frontends(6));
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_TRUE(failed_late || *rows == 0) << "nothing was missing";
    ExpectCardHolds(resumed.image());
    EXPECT_EQ(IndexFrontends(resumed.image().frontends).size(), 6u);
    card_.reset();
  }
}

TEST_F(ReconcilerTest, ClearsTablesThatMakeNoSense) {
  {
    Reconciler before(*card_, 0);
    ASSERT_TRUE(before.Program(Frontends(3)).ok());
    const RowWrite foreign{
        .table = TableId::kFrontends,
        .index = 9,
        .row = PackRow(FrontendRow{.valid = true, .counter = 1, .outside_slots_log2 = 31})};
    ASSERT_TRUE(card_->Write({&foreign, 1}).ok());
    card_.reset();
  }
  ASSERT_TRUE(OpenAdopting().ok());
  Reconciler after(*card_, 0);
  const absl::Status adopted = after.Adopt();
  EXPECT_EQ(adopted.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(adopted.message().find("table frontends, row 9"), std::string_view::npos) << adopted;
  ASSERT_TRUE(after.Program(Frontends(2)).ok());
  ExpectCardHolds(after.image());
}

TEST_F(ReconcilerTest, AnAuditMendsRowsThatDiffer) {
  Reconciler reconciler(*card_, 0);
  ASSERT_TRUE(reconciler.Program(Frontends(3)).ok());
  const RowWrite damage{.table = TableId::kEndpoints, .index = 1, .row = RowBits{7}};
  ASSERT_TRUE(card_->Write({&damage, 1}).ok());
  Audit audit;
  const uint64_t rows = AuditedRows(kSimSizes);
  while (audit.counts().passes == 0) {
    ASSERT_LE(audit.counts().rows, rows);
    ASSERT_TRUE(audit.LookAtNext(1000, reconciler.image(), *card_).ok());
  }
  EXPECT_EQ(audit.counts().rows, rows);
  EXPECT_EQ(audit.counts().mended, 1u);
  ExpectCardHolds(reconciler.image());
  for (uint64_t seen = 0; seen < rows; seen = audit.counts().rows - rows) {
    ASSERT_TRUE(audit.LookAtNext(4096, reconciler.image(), *card_).ok());
  }
  EXPECT_EQ(audit.counts().mended, 1u);
}

}  // namespace
}  // namespace pointsman
