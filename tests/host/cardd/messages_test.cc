// Messages as bytes and back, and bytes that are none.
#include "host/cardd/messages.h"

#include <gtest/gtest.h>

namespace pointsman::cardd {
namespace {

template <class Message>
Message Again(const Message& message) {
  return std::get<Message>(DecodeRequest(Encode(Request(message))).value());
}
template <class Message>
Message ReportedAgain(const Message& message) {
  return std::get<Message>(DecodeReport(Encode(Report(message))).value());
}

TEST(MessagesTest, RequestsComeAsTheyWere) {
  const std::vector<RowWrite> rows = {
      {TableId::kSlots, 7, {1, 2, 3, 4, 5, 6, 7}},
      {.table = TableId::kOriginals, .index = ~0U, .parity = Parity::kWrongValue}};
  EXPECT_EQ(Again(WriteRequest{rows}).rows, rows);
  const auto read = Again(ReadRequest{TableId::kReplies, 5, kRowsMax});
  EXPECT_EQ(std::tuple(read.table, read.index, read.count),
            std::tuple(TableId::kReplies, 5, kRowsMax));
  const auto frame = Again(Frame{{.tag = 9, .endpoint = 3}, {1, 2, 3}});
  EXPECT_EQ(frame.line, (InjectLine{.tag = 9, .endpoint = 3}));
  EXPECT_EQ(frame.frame, Bytes({1, 2, 3}));
  Again(InjectRequest{});
  Again(HealthRequest{});
}

TEST(MessagesTest, SettingsComeAsTheyWere) {
  CardSettings settings;
  settings.mode = Mode::kPunt;
  settings.capture = true;
  settings.tick_cycles = 3;
  settings.tick = 4;
  Configuration& configuration = settings.configuration;
  configuration.slot_hash_seed = 1;
  configuration.masquerade_address = {2};
  configuration.masquerade_address_v6 = {3, 4};
  configuration.masquerade_ports = {5, 6};
  configuration.tunnel = {{7}, 8, 9, {10}, 11};
  configuration.host_protocols = {.sctp = true, .tcp = false, .udp = true};
  configuration.service_ranges[kServiceRanges - 1] = {{12, 13}, {14, 15}};
  configuration.timeouts = {16, 17, 18, 19, 20, 21, 22};
  configuration.unconfirmed_quota = 23;
  const CardSettings again = Again(ConfigureRequest{settings}).settings;
  EXPECT_EQ(again.configuration, settings.configuration);
  EXPECT_EQ(std::tuple(again.mode, again.capture, again.tick_cycles, again.tick),
            std::tuple(Mode::kPunt, true, 3, 4));
}

TEST(MessagesTest, ReportsComeAsTheyWere) {
  const CardDescription description{"sim", kSimSizes, 9000};
  EXPECT_EQ(ReportedAgain(Opened{description}).description, description);
  Answer answer{.status = absl::DataLossError("slots[3]"), .rows = {{1}, {2}}};
  answer.health = {.heartbeat = 1, .cycles = 2, .error_bits = 3, .sweeps = 4, .statistics = {5}};
  const Answer again = ReportedAgain(answer);
  EXPECT_EQ(again.status, answer.status);
  EXPECT_EQ(again.rows, answer.rows);
  EXPECT_EQ(again.health.cycles, 2);
  EXPECT_EQ(again.health.statistics, answer.health.statistics);
  const PuntedFrame punt{{.length = 2, .reason = Reason::kFragment}, {8, 9}};
  EXPECT_EQ(ReportedAgain(punt).line, punt.line);
  EXPECT_EQ(ReportedAgain(punt).frame, punt.frame);
  const Events events = ReportedAgain(Events{.lines = {{1, 2}}, .events_lost = 3});
  EXPECT_EQ(events.lines, (std::vector<LineBits>{{1, 2}}));
  EXPECT_EQ(events.events_lost, 3);
  EXPECT_EQ(ReportedAgain(Failed{absl::UnavailableError("x")}).status.message(), "x");
}

TEST(MessagesTest, WhatMakesNoSenseIsAnError) {
  const Bytes whole = Encode(Request(WriteRequest{{{TableId::kSlots, 7, {}}}}));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(DecodeRequest({whole.data(), length}).ok()) << length;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(DecodeRequest(longer).ok());
  Bytes many = whole;
  many[2] = 0xff;  // of the count
  EXPECT_FALSE(DecodeRequest(many).ok());
  EXPECT_FALSE(DecodeRequest(Bytes{99}).ok());
  EXPECT_FALSE(DecodeRequest(Encode(Request(ReadRequest{{}, 0, kRowsMax + 1}))).ok());
}

}  // namespace
}  // namespace pointsman::cardd
