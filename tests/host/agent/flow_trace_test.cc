#include "host/agent/flow_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

constexpr FlowKey kPacket{Ipv4Address{0xc0000209}, Ipv4Address{0x0a600001}, 40000, 80,
                          Protocol::kTcp};

Forwarding OneService() {
  Frontend frontend;
  frontend.address = Ipv4Address{0x0a600001};
  frontend.port = 80;
  frontend.outside = {FrontendAction::kForward, false, {{Ipv4Address{0x0af40001}, 8080, {}}}};
  Forwarding wanted;
  wanted.frontends = {frontend};
  return wanted;
}

class FlowTraceTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(keeper_.Replace(OneService()).ok()); }

  std::vector<ExplainedStep> Trace(const FlowKey& packet) {
    const std::string question = FlowQuestion(packet);
    const std::vector<std::string> questions = {"nonsense", question};
    const auto steps =
        FlowTraceOf(FlowTraces(questions, {keeper_, on_card_, in_software_}), question);
    EXPECT_TRUE(steps.ok()) << steps.status();
    return steps.value_or(std::vector<ExplainedStep>());
  }

  ImageKeeper keeper_{EmptyImage(kSimSizes)};
  ConnectionList on_card_;
  HostConnections in_software_{16};
};

testing::Matcher<const ExplainedStep&> Says(const char* text) {
  return Field(&ExplainedStep::text, HasSubstr(text));
}

TEST_F(FlowTraceTest, AFirstPacketMeetsRows) {
  const auto steps = Trace(kPacket);
  EXPECT_THAT(steps, Contains(Says("TCP 192.0.2.9:40000 -> 10.96.0.1:80")));
  EXPECT_THAT(steps, Contains(Says("none is known")));
  EXPECT_THAT(steps, Contains(Says("10.244.0.1:8080")));
  EXPECT_THAT(steps, Contains(Says("the card: records the connection")));
}

TEST_F(FlowTraceTest, AConnectionThatIsKnownIsToldInBothDirections) {
  const OriginalRow original{
      .valid = true, .key = {0xc0000209, 0x0a600001, 40000, 80, 6}, .reply_row = 1};
  std::vector<ReplyRow> replies(2);
  replies[1] = {.valid = true, .key = {0x0af40001, 0xc0000209, 8080, 40000, 6}};
  on_card_.Add<OriginalRow, ReplyRow>({{original}}, replies);
  EXPECT_THAT(Trace(kPacket), Contains(Says("known to the card, which makes of it TCP "
                                            "192.0.2.9:40000 -> 10.244.0.1:8080")));
  const FlowKey reply{Ipv4Address{0x0af40001}, Ipv4Address{0xc0000209}, 8080, 40000,
                      Protocol::kTcp};
  EXPECT_THAT(Trace(reply), Contains(Says("10.96.0.1:80 -> 192.0.2.9:40000")));
}

TEST_F(FlowTraceTest, AConnectionOfSoftwareIsTold) {
  FlowKey packet = kPacket;
  packet.protocol = Protocol::kSctp;
  HostConnection connection;
  connection.original = connection.translated = packet;
  connection.translated.destination = Ipv4Address{0x0af40001};
  ASSERT_EQ(in_software_.Record(connection), RecordResult::kRecorded);
  EXPECT_THAT(Trace(packet), Contains(Says("known to software, which makes of it SCTP "
                                           "192.0.2.9:40000 -> 10.244.0.1:80")));
}

TEST_F(FlowTraceTest, WhatIsNoQuestionHasNoAnswer) {
  for (const char* text :
       {"", "nonsense", "10.0.0.1 1 10.0.0.2 2", "10.0.0.1 1 10.0.0.2 2 TCP more",
        "10.0.0.1 1 fd00::1 2 TCP", "10.0.0.1 -1 10.0.0.2 2 TCP", "10.0.0.1 65536 10.0.0.2 2 UDP",
        "10.0.0.1 1 10.0.0.2 2 ICMP", "\xff\xfe"}) {
    EXPECT_EQ(ParseFlowQuestion(text), std::nullopt) << text;
    const std::vector<std::string> questions = {text};
    const std::string document = FlowTraces(questions, {keeper_, on_card_, in_software_});
    EXPECT_TRUE(absl::IsInvalidArgument(FlowTraceOf(document, text).status())) << text;
  }
  const FlowKey ipv6{Address::FromWords(0xfd00000000000000, 1),
                     Address::FromWords(0xfd00000000000000, 2), 1, 2, Protocol::kUdp};
  EXPECT_EQ(ParseFlowQuestion(FlowQuestion(ipv6)), ipv6);
}

TEST(FlowTraceOfTest, WhatIsNoDocumentIsAnError) {
  for (const char* document : {"", "[]", "7", R"({"q": 7})", R"({"q": []})", R"({"p": [{}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FlowTraceOf(document, "q").status())) << document;
  }
  EXPECT_THAT(FlowTraceOf(R"({"q": [7, {"step": 1}]})", "q").value(), SizeIs(2));
}

}  // namespace
}  // namespace pointsman
