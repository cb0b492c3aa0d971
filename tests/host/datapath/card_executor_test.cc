#include "host/datapath/card_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "tests/driver/card_fixture.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

std::vector<PendingPacket> Packets(size_t count) {
  std::vector<PendingPacket> packets(count);
  for (size_t i = 0; i < count; ++i) {
    packets[i] = {Port::kNode, 3, BuildTcp({.source_port = static_cast<uint16_t>(i + 1)})};
  }
  return packets;
}

class CardExecutorTest : public CardFixture {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Open().ok());
    executor_ = MakeCardExecutor(std::move(card_));
  }

  std::unique_ptr<Executor> executor_;
};

TEST_F(CardExecutorTest, ReturnsPacketsInOrderRunAfterRun) {
  for (size_t count : {1u, 20u, 3000u}) {
    SCOPED_TRACE(count);
    const std::vector<PendingPacket> packets = Packets(count);
    const auto executed = executor_->Run(packets);
    ASSERT_TRUE(executed.ok()) << executed.status();
    ASSERT_EQ(executed->size(), count);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ((*executed)[i].frame, packets[i].frame) << i;
  }
}

TEST_F(CardExecutorTest, HandsOverWhatTheCardSaysOfAPacket) {
  struct Case {
    Verdict verdict;
    Outcome outcome;
  };
  const Case cases[] = {
      {Verdict::kForward, {Verdict::kForward, Reason::kNone, Port::kNode, true, 5, 9}},
      {Verdict::kPass, {Verdict::kPass, Reason::kNone, Port::kNode, true, 0, 0}},
      {Verdict::kDrop, {Verdict::kDrop, Reason::kNone, Port::kUplink, true, 0, 0}}};
  for (const Case& c : cases) {
    SCOPED_TRACE(Name(c.verdict));
    fake_.faults.damage_punt = [&](PuntLine& line) {
      EXPECT_EQ(line.ingress, Port::kNode);
      EXPECT_EQ(line.attempt, 3);
      line.verdict = c.verdict;
      line.reason = Reason::kNone;
      line.egress = Port::kNode;
      line.frontend_counter = 5;
      line.endpoint = 9;
      line.learned = 1;
    };
    const auto executed = executor_->Run(Packets(1));
    ASSERT_TRUE(executed.ok()) << executed.status();
    EXPECT_EQ(executed->at(0).outcome, c.outcome);
  }
}

TEST_F(CardExecutorTest, NoticesPacketsThatAreNotTheNextOne) {
  struct Case {
    const char* name;
    std::function<void(PuntLine&)> damage;
    const char* message;
  };
  const Case cases[] = {{"one is missing", [](PuntLine& line) { line.tag += line.tag >= 2; },
                         "tag 3 (injected 1), expected 2"},
                        {"one is repeated", [](PuntLine& line) { line.tag -= line.tag >= 2; },
                         "tag 1 (injected 1), expected 2"},
                        {"one is unknown", [](PuntLine& line) { line.tag += 1000; },
                         "tag 1000 (injected 1), expected 0"},
                        {"one came by a port", [](PuntLine& line) { line.injected = 0; },
                         "tag 0 (injected 0), expected 0"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    fake_.faults = {};
    executor_.reset();
    ASSERT_TRUE(Open().ok());
    executor_ = MakeCardExecutor(std::move(card_));
    fake_.faults.damage_punt = c.damage;
    const absl::Status status = executor_->Run(Packets(4)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST_F(CardExecutorTest, AdoptsInCaptureModeAndWritesTheRows) {
  Forwarding wanted;
  wanted.masquerade_address = {0xc0a80002};
  wanted.gateway = {Port::kUplink, {0x020000000101}, {0x020000000102}};
  const Image empty = EmptyImage(executor_->sizes());
  auto image = std::make_shared<const Image>(BuildImage(wanted, empty).value());
  ASSERT_TRUE(executor_->Adopt(MakePlan(empty, *image), image).ok());
  EXPECT_EQ(fake_.Register(RegisterOffset::kMode) & 3, uint32_t(Mode::kOffload));
  EXPECT_EQ(fake_.Register(RegisterOffset::kMasqueradeAddress), wanted.masquerade_address.value);
  EXPECT_EQ(fake_.Row(TableId::kNextHops, 0), PackRow(image->next_hops[0]));
}

}  // namespace
}  // namespace pointsman
