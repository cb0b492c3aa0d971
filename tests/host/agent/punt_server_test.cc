#include "host/agent/punt_server.h"

#include <gtest/gtest.h>

#include "tests/driver/card_fixture.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

std::optional<FlowKey> KnowsNone(const FlowKey&) { return std::nullopt; }

class PuntServerTest : public CardFixture {
 protected:
  void SetUp() override { ASSERT_TRUE(Open().ok()); }

  SoftwarePath software_{16};

  static PuntedFrame PuntFor(Reason reason, uint8_t attempt = 0) {
    PuntedFrame punt;
    punt.line.verdict = Verdict::kPunt;
    punt.line.reason = reason;
    punt.line.ingress = Port::kNode;
    punt.line.attempt = attempt;
    punt.frame = BuildTcp({});
    return punt;
  }
};

TEST_F(PuntServerTest, TransmitsTheAnswer) {
  PuntServer server(*card_);
  const std::vector<PuntedFrame> punts = {PuntFor(Reason::kFragment), PuntFor(Reason::kReject)};
  ASSERT_TRUE(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).ok());
  ASSERT_EQ(fake_.transmitted.size(), 2u);
  EXPECT_EQ(fake_.transmitted[0].first.egress, Port::kUplink);
  EXPECT_EQ(fake_.transmitted[0].second, punts[0].frame);
  EXPECT_EQ(fake_.transmitted[1].first.egress, Port::kNode);
  EXPECT_NE(fake_.transmitted[1].second, punts[1].frame);
  EXPECT_EQ(server.served_packets(), 2u);
  EXPECT_EQ(server.counts().by_fate[static_cast<size_t>(Fate::kRejected)], 1u);
  EXPECT_EQ(server.counts().by_fate[static_cast<size_t>(Fate::kPassed)], 1u);
}

TEST_F(PuntServerTest, ReturnsAPacketWithItsNextSourcePort) {
  PuntServer server(*card_);
  const std::vector<PuntedFrame> punts = {PuntFor(Reason::kSourcePortTaken, 4)};
  ASSERT_TRUE(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).ok());
  const auto output = card_->Poll();
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->punts.size(), 1u);
  EXPECT_EQ(output->punts[0].line.attempt, 5);
  EXPECT_EQ(output->punts[0].line.ingress, Port::kNode);
  EXPECT_EQ(output->punts[0].frame, punts[0].frame);
  EXPECT_TRUE(fake_.transmitted.empty());
}

// Before the packet leaves, or its answer might come first.
TEST_F(PuntServerTest, TellsOfConnectionsOfTheSoftwareBeforeTheirPacketsLeave) {
  Forwarding wanted;
  wanted.masquerade_address = {0xc0a80002};
  Frontend frontend;
  frontend.address = Ipv4Address{0x0a600001};  // the builder's destination
  frontend.port = 80;
  frontend.inside =
      frontend.outside = {FrontendAction::kForward, false, {{Ipv4Address{0x0af40001}, 8080, {}}}};
  wanted.frontends = {frontend};
  const auto image = BuildImage(wanted, EmptyImage(kSimSizes));
  ASSERT_TRUE(image.ok()) << image.status();
  software_.SetForwarding(wanted, *image);
  int told = 0;
  PuntServer server(*card_, nullptr, [&](const SoftwarePath& software) {
    EXPECT_TRUE(software.HasConnections(Protocol::kTcp));
    EXPECT_TRUE(fake_.transmitted.empty());
    return ++told == 1 ? absl::OkStatus() : absl::DataLossError("it does not answer");
  });
  const std::vector<PuntedFrame> punts = {PuntFor(Reason::kConnectionTableFull)};
  ASSERT_TRUE(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).ok());
  EXPECT_EQ(told, 1);
  ASSERT_EQ(fake_.transmitted.size(), 1u);
  fake_.transmitted.clear();
  EXPECT_TRUE(absl::IsDataLoss(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone)));
  EXPECT_TRUE(fake_.transmitted.empty());
}

// The row that stood in the way is mended by then; one that cannot be does not keep a packet for
// ever.
TEST_F(PuntServerTest, ReturnsAPacketThatMetADamagedRowThreeTimes) {
  PuntServer server(*card_);
  std::vector<PuntedFrame> punts = {PuntFor(Reason::kTableParity, 2)};
  for (uint32_t tries = 1; tries <= 3; ++tries) {
    ASSERT_TRUE(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).ok());
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_EQ(output->punts.size(), 1u);
    EXPECT_EQ(output->punts[0].line.attempt, 2);
    EXPECT_EQ(output->punts[0].line.tag, tries);
    punts[0].line = output->punts[0].line;
    punts[0].line.reason = Reason::kTableParity;
  }
  ASSERT_TRUE(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).ok());
  EXPECT_TRUE(card_->Poll()->punts.empty());
  EXPECT_EQ(server.counts().drops[static_cast<size_t>(Reason::kTableParity)], 1u);
}

TEST_F(PuntServerTest, DropsWhatHasNoAnswer) {
  PuntServer server(*card_);
  ASSERT_TRUE(
      server.Serve({PuntFor(Reason::kModePunt)}, software_, absl::UnixEpoch(), KnowsNone).ok());
  ASSERT_TRUE(server
                  .Serve({PuntFor(Reason::kSourcePortTaken, kSourcePortAttempts - 1)}, software_,
                         absl::UnixEpoch(), KnowsNone)
                  .ok());
  EXPECT_TRUE(fake_.transmitted.empty());
  EXPECT_TRUE(card_->Poll()->punts.empty());
  EXPECT_EQ(server.served_packets(), 2u);
  EXPECT_EQ(server.counts().drops[static_cast<size_t>(Reason::kSourcePortTaken)], 1u);
}

TEST_F(PuntServerTest, HandsOnTheCardsError) {
  PuntServer server(*card_);
  fake_.faults.inject_hangs = true;
  const std::vector<PuntedFrame> punts(400, PuntFor(Reason::kFragment));
  EXPECT_EQ(server.Serve(punts, software_, absl::UnixEpoch(), KnowsNone).code(),
            absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace pointsman
