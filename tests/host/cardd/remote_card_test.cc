// A card in a child process of its own, which is well, dies, hangs or lies.
#include "host/cardd/remote_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <thread>

#include "host/cardd/failover_card.h"
#include "tests/host/cardd/fake_orders.h"

namespace pointsman::cardd {
namespace {

using ::testing::HasSubstr;

class RemoteCardTest : public testing::Test {
 protected:
  absl::Status Open(const std::string& how = "well", const std::string& program = FAKE_CARDD) {
    RemoteCardOptions options;
    options.hung_after = std::chrono::milliseconds(300);
    ChildCardSource source({program, how}, {}, options);
    auto card = AwaitCard(source);
    if (card.ok()) card_ = *std::move(card);
    return card.status();
  }

  pid_t child() const { return static_cast<RemoteCard&>(*card_).child(); }

  absl::Status Order(FakeOrder order, const LineBits& line = {}) {
    const auto frame = OrderFrame(order, line);
    InjectedFrame injected;
    injected.line.action = InjectAction::kTransmit;
    injected.frame = frame;
    return card_->Inject({&injected, 1});
  }

  // Polls until the card fails, or ten seconds.
  absl::Status PollUntilFailure() {
    absl::Status status;
    for (int i = 0; i < 10'000 && status.ok(); ++i) {
      status = card_->Poll().status();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return status;
  }

  std::unique_ptr<Card> card_;
};

TEST_F(RemoteCardTest, IsACardAsAnyOther) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(card_->description().profile, "sim");
  EXPECT_EQ(card_->description().sizes, kSimSizes);
  std::vector<RowWrite> rows;
  for (uint32_t i = 0; i < 6000; ++i) rows.push_back({TableId::kSlots, i, {i + 1}});
  ASSERT_EQ(card_->Write(rows), absl::OkStatus());
  const auto read = card_->Read(TableId::kSlots, 0, 6001);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)[5999], (RowBits{6000}));
  EXPECT_EQ((*read)[6000], RowBits{});
  EXPECT_EQ(card_->Configure(CardSettings{}), absl::OkStatus());
  const auto health = card_->Health();
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_FALSE(health->statistics.empty());
}

TEST_F(RemoteCardTest, WrongRequestsLeaveItWell) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(card_->Write(std::vector<RowWrite>{{TableId::kSlots, 1 << 20, {}}}).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(card_->Read(TableId{77}, 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<uint8_t> tiny(3);
  const InjectedFrame frame{.line = {}, .frame = tiny};
  EXPECT_EQ(card_->Inject({&frame, 1}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(card_->Poll().ok());
}

TEST_F(RemoteCardTest, HandsOverPuntsAndEvents) {
  ASSERT_TRUE(Open().ok());
  EventLine event{.kind = EventKind::kLearn,
                  .table = static_cast<uint8_t>(TableId::kOriginals),
                  .original_row = 5,
                  .reply_row = 6,
                  .endpoint = 7};
  ASSERT_EQ(Order(FakeOrder::kTell, PackLine(event)), absl::OkStatus());
  const std::vector<uint8_t> bytes(1500, 0x42);
  const InjectedFrame frame{.line = {}, .frame = bytes};
  ASSERT_EQ(card_->Inject({&frame, 1}), absl::OkStatus());
  CardOutput all;
  for (int i = 0; i < 10'000 && (all.punts.empty() || all.events.empty()); ++i) {
    auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    for (auto& punt : output->punts) all.punts.push_back(punt);
    for (auto& told : output->events) all.events.push_back(told);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_EQ(all.punts.size(), 1);
  EXPECT_EQ(all.punts[0].frame, bytes);
  EXPECT_EQ(all.punts[0].line.reason, Reason::kModePunt);
  ASSERT_EQ(all.events.size(), 1);
  EXPECT_EQ(all.events[0], event);
}

TEST_F(RemoteCardTest, WhatItSaidLastIsNotLost) {
  ASSERT_TRUE(Open().ok());
  const EventLine event{.kind = EventKind::kLearn,
                        .table = static_cast<uint8_t>(TableId::kOriginals)};
  ASSERT_EQ(Order(FakeOrder::kTell, PackLine(event)), absl::OkStatus());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  kill(child(), SIGKILL);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto output = card_->Poll();
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->events.size(), 1);
  EXPECT_THAT(card_->Poll().status().message(), HasSubstr("was ended by signal 9"));
}

TEST_F(RemoteCardTest, FailsAndStaysFailed) {
  struct Case {
    const char* what;
    std::function<void()> cause;
    const char* message;
  };
  const Case cases[] = {
      {"killed", [this] { kill(child(), SIGKILL); }, "was ended by signal 9"},
      {"stopped", [this] { kill(child(), SIGSTOP); }, "stands still for 300 ms"},
      {"ends", [this] { EXPECT_THAT(Order(FakeOrder::kExit).message(), HasSubstr("code 7")); },
       "ended with code 7"},
      {"hangs",
       [this] { EXPECT_THAT(Order(FakeOrder::kHang).message(), HasSubstr("stands still")); },
       "stands still for 300 ms"},
      {"card dead",
       [this] {
         EXPECT_EQ(Order(FakeOrder::kAllOnes), absl::OkStatus());
         EXPECT_THAT(card_->Health().status().message(), HasSubstr("all ones"));
       },
       "all ones"},
  };
  for (const Case& fault : cases) {
    SCOPED_TRACE(fault.what);
    ASSERT_TRUE(Open().ok());
    const pid_t pid = child();
    fault.cause();
    const absl::Status status = PollUntilFailure();
    EXPECT_THAT(status.message(), HasSubstr(fault.message));
    EXPECT_EQ(card_->Write({}), status);
    EXPECT_EQ(card_->Read(TableId::kSlots, 0, 1).status(), status);
    EXPECT_EQ(card_->Health().status(), status);
    EXPECT_EQ(card_->Configure({}), status);
    card_.reset();
    EXPECT_EQ(kill(pid, 0), -1) << "the child is left over";
  }
}

TEST_F(RemoteCardTest, AWrongReadBackIsDataLoss) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(Order(FakeOrder::kDecay), absl::OkStatus());
  const absl::Status status = card_->Write(std::vector<RowWrite>{{TableId::kEndpoints, 7, {4}}});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_TRUE(card_->Poll().ok());
}

TEST_F(RemoteCardTest, SaysWhyThereIsNoCard) {
  EXPECT_THAT(Open("dead").message(), HasSubstr("register magic reads all ones"));
  EXPECT_THAT(Open("well", "/nonexistent").message(), HasSubstr("cannot be started"));
  EXPECT_THAT(Open("well", "/bin/true").message(), HasSubstr("ended with code 0"));
}

TEST_F(RemoteCardTest, TheChildEndsWithTheCard) {
  ASSERT_TRUE(Open().ok());
  const pid_t pid = child();
  EXPECT_EQ(kill(pid, 0), 0);
  card_.reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

}  // namespace
}  // namespace pointsman::cardd
