#include "host/datapath/datapath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using ::testing::ElementsAre;

// Answers as it is told, and notes what it was asked.
struct Script {
  std::function<Outcome(const PendingPacket&)> decide = [](const PendingPacket&) {
    return Outcome{};
  };
  absl::Status adopt;
  absl::Status run;
  std::vector<std::vector<uint8_t>> attempts;  // by round
};

class ScriptedExecutor : public Executor {
 public:
  explicit ScriptedExecutor(Script& script) : script_(script) {}
  const CardSizes& sizes() const override { return kSimSizes; }
  absl::Status Adopt(const Plan&, std::shared_ptr<const Image>) override { return script_.adopt; }
  absl::Status Age(uint32_t) override { return absl::OkStatus(); }
  absl::Status Write(std::span<const RowWrite>) override { return absl::OkStatus(); }
  absl::Status Forget() override { return absl::OkStatus(); }
  std::optional<FlowKey> TranslationOf(const FlowKey&) override { return std::nullopt; }
  absl::StatusOr<std::vector<ExecutedPacket>> Run(std::span<const PendingPacket> pending) override {
    if (!script_.run.ok()) return script_.run;
    std::vector<ExecutedPacket> executed;
    script_.attempts.emplace_back();
    for (const PendingPacket& packet : pending) {
      script_.attempts.back().push_back(packet.attempt);
      executed.push_back({script_.decide(packet), packet.frame});
    }
    return executed;
  }

 private:
  Script& script_;
};

Outcome PuntFor(Reason reason) { return {.verdict = Verdict::kPunt, .reason = reason}; }

class DatapathTest : public testing::Test {
 protected:
  ProcessedFrame ProcessOne(const FrameBytes& frame) {
    const std::vector<ReceivedFrame> frames = {{Port::kUplink, frame}};
    auto processed = datapath_.Process(frames, absl::UnixEpoch());
    EXPECT_TRUE(processed.ok()) << processed.status();
    return processed.ok() ? processed->at(0) : ProcessedFrame{};
  }

  Script script_;
  Datapath datapath_{std::make_unique<ScriptedExecutor>(script_)};
};

TEST_F(DatapathTest, SaysWhatBecameOfAFrame) {
  const FrameBytes frame = BuildTcp({});
  struct Case {
    Outcome outcome;
    size_t sent;
    Port egress;
    bool in_software;
  };
  const Case cases[] = {
      {{.verdict = Verdict::kPass, .egress = Port::kNode}, 1, Port::kNode, false},
      {{.verdict = Verdict::kForward, .egress = Port::kUplink}, 1, Port::kUplink, false},
      {{.verdict = Verdict::kDrop}, 0, Port::kUplink, false},
      {PuntFor(Reason::kReject), 1, Port::kUplink, true},
      {PuntFor(Reason::kFragment), 1, Port::kNode, true},
      {PuntFor(Reason::kModePunt), 0, Port::kUplink, true}};
  for (const Case& c : cases) {
    SCOPED_TRACE(Name(c.outcome.reason));
    script_.decide = [&](const PendingPacket&) { return c.outcome; };
    const ProcessedFrame processed = ProcessOne(frame);
    EXPECT_EQ(processed.outcome, c.outcome);
    EXPECT_EQ(processed.served_in_software, c.in_software);
    ASSERT_EQ(processed.sent.size(), c.sent);
    if (c.sent == 1) {
      EXPECT_EQ(processed.sent[0].egress, c.egress);
    }
  }
}

TEST_F(DatapathTest, RetriesATakenSourcePortWithTheNextCandidate) {
  script_.decide = [](const PendingPacket& packet) {
    return packet.attempt < 3 ? PuntFor(Reason::kSourcePortTaken)
                              : Outcome{.verdict = Verdict::kForward, .egress = Port::kNode};
  };
  const ProcessedFrame processed = ProcessOne(BuildTcp({}));
  EXPECT_THAT(script_.attempts,
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2), ElementsAre(3)));
  EXPECT_EQ(processed.outcome.verdict, Verdict::kForward);
  EXPECT_TRUE(processed.served_in_software);
  EXPECT_EQ(processed.sent.size(), 1u);
}

TEST_F(DatapathTest, DropsAFrameWhoseEverySourcePortIsTaken) {
  script_.decide = [](const PendingPacket&) { return PuntFor(Reason::kSourcePortTaken); };
  const ProcessedFrame processed = ProcessOne(BuildTcp({}));
  EXPECT_EQ(script_.attempts.size(), kSourcePortAttempts);
  EXPECT_THAT(script_.attempts.back(), ElementsAre(kSourcePortAttempts - 1));
  EXPECT_TRUE(processed.sent.empty());
}

TEST_F(DatapathTest, RunsAgainOnlyTheFramesThatMustBe) {
  script_.decide = [](const PendingPacket& packet) {
    const bool taken = packet.ingress == Port::kNode && packet.attempt == 0;
    return taken ? PuntFor(Reason::kSourcePortTaken)
                 : Outcome{.verdict = Verdict::kPass, .egress = packet.ingress};
  };
  const FrameBytes first = BuildTcp({.source_port = 1}), second = BuildTcp({.source_port = 2});
  const std::vector<ReceivedFrame> frames = {
      {Port::kUplink, first}, {Port::kNode, second}, {Port::kUplink, first}};
  auto processed = datapath_.Process(frames, absl::UnixEpoch());
  ASSERT_TRUE(processed.ok()) << processed.status();
  EXPECT_THAT(script_.attempts, ElementsAre(ElementsAre(0, 0, 0), ElementsAre(1)));
  for (size_t i = 0; i < frames.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_EQ((*processed)[i].sent.size(), 1u);
    EXPECT_EQ((*processed)[i].sent[0].frame, frames[i].frame);
    EXPECT_EQ((*processed)[i].served_in_software, i == 1);
  }
}

TEST_F(DatapathTest, HandsOnTheExecutorsErrors) {
  script_.run = absl::DeadlineExceededError("no answer");
  const std::vector<ReceivedFrame> frames(1);
  EXPECT_EQ(datapath_.Process(frames, absl::UnixEpoch()).status(), script_.run);
}

TEST_F(DatapathTest, KeepsTheOldImageWhereTheNewOneIsNotTaken) {
  Forwarding wanted;
  wanted.masquerade_address = {0xc0a80002};
  script_.adopt = absl::UnavailableError("dead");
  EXPECT_EQ(datapath_.Program(wanted), script_.adopt);
  EXPECT_EQ(datapath_.image(), EmptyImage(kSimSizes));
  script_.adopt = absl::OkStatus();
  EXPECT_TRUE(datapath_.Program(wanted).ok());
  EXPECT_EQ(datapath_.image().configuration.masquerade_address, wanted.masquerade_address);
}

}  // namespace
}  // namespace pointsman
