// A card made of ports, on four cores, with ports of DPDK that nothing comes from: frames come by
// the inject queue. Real cores, DPDK and clocks.
#include "host/ports/port_card.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include "flow_tables/flow.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kService{0x0a600001};
constexpr Ipv4Address kClient{0x0a000005};
const Address kService6 = Address::FromWords(0xfd00000000000000, 0x0a600001);
const Address kClient6 = Address::FromWords(0xfd00000000000000, 0x0a000005);
constexpr uint16_t kRejecting = 81;
constexpr uint16_t kFlows = 128;

Image World(const CardSizes& sizes) {
  ImageBuilder builder(sizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const auto add = [&](const Address& address, const Address& endpoint) {
    const uint32_t slots = builder.AddSlots({builder.AddEndpoint(endpoint, 8080, hop)});
    FrontendRow row{.destination_address = address.bits(),
                    .destination_port = 80,
                    .protocol = static_cast<uint8_t>(Protocol::kTcp),
                    .counter = 3,
                    .outside_masquerade = true,
                    .outside_slots_base = slots};
    builder.AddFrontend(row);
    row.destination_port = kRejecting;
    row.outside_action = FrontendAction::kReject;
    builder.AddFrontend(row);
  };
  add(kService, Ipv4Address{0x0af40001});
  add(kService6, Address::FromWords(0xfd00000000000000, 0x0af40001));
  Image image = builder.image();
  image.configuration.masquerade_address = {0xc0a80002};
  image.configuration.masquerade_address_v6 = Address::FromWords(0x20010db800000000, 1).bits();
  return image;
}

FrameBytes Frame(const FlowKey& key, uint8_t flags = kTcpAck) {
  TcpSpec spec{
      .source_port = key.source_port, .destination_port = key.destination_port, .flags = flags};
  if (!key.source.is_v4()) {
    return BuildTcp(Ipv6Spec{.source = key.source, .destination = key.destination}, spec);
  }
  spec.ip.source = key.source.v4();
  spec.ip.destination = key.destination.v4();
  return BuildTcp(spec);
}

// One card for all tests: DPDK can be brought up once.
class PortCardTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    PortCardOptions options;
    options.ports = {"net_null0,no-rx=1", "net_null1,no-rx=1"};
    options.eal = {"-m", "128"};
    options.cores = 4;
    options.connections = 4096;
    options.frames_per_core = 1024;
    auto card = OpenPortCard(options);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = card->release();
    image_ = new Image(World(card_->description().sizes));
  }
  static void TearDownTestSuite() {
    delete card_;
    delete image_;
  }

  void SetUp() override {
    ASSERT_NE(card_, nullptr);
    settings_ = {.mode = Mode::kOffload, .configuration = image_->configuration, .tick = 0};
    ASSERT_TRUE(card_->Configure(settings_).ok());
    ASSERT_TRUE(card_->Write(MakePlan(EmptyImage(image_->sizes), *image_).writes).ok());
    for (const TableId table : {TableId::kOriginals, TableId::kOriginalsIpv6}) {
      const uint32_t rows = table == TableId::kOriginals ? 4096 : 1024;
      auto known = card_->Read(table, 0, rows);
      ASSERT_TRUE(known.ok()) << known.status();
      std::vector<RowWrite> forget;
      for (uint32_t row = 0; row < rows; ++row) {
        if ((*known)[row] != RowBits{}) forget.push_back({.table = table, .index = row});
      }
      ASSERT_TRUE(card_->Write(forget).ok());
    }
    ASSERT_TRUE(card_->Poll().ok());
  }

  static void Inject(const FrameBytes& frame, uint32_t tag = 0) {
    InjectedFrame injected{.line = {.tag = tag}, .frame = frame};
    ASSERT_TRUE(card_->Inject({&injected, 1}).ok());
  }

  // Polls until `enough` or 10 s.
  CardOutput PollUntil(const std::function<bool(const CardOutput&)>& enough) {
    CardOutput all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!enough(all) && std::chrono::steady_clock::now() < deadline) {
      auto output = card_->Poll();
      EXPECT_TRUE(output.ok()) << output.status();
      for (PuntedFrame& punt : output->punts) all.punts.push_back(std::move(punt));
      for (const EventLine& event : output->events) all.events.push_back(event);
      for (const EventIpv6Line& event : output->events_ipv6) all.events_ipv6.push_back(event);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return all;
  }

  static uint32_t Count(Statistic statistic) {
    return card_->Health().value().statistics.at(static_cast<size_t>(statistic));
  }
  static bool Reaches(Statistic statistic, uint32_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (Count(statistic) < count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Count(statistic) == count;
  }

  static Card* card_;
  static Image* image_;
  CardSettings settings_;
};
Card* PortCardTest::card_ = nullptr;
Image* PortCardTest::image_ = nullptr;

// What is configured holds for frames that are injected after it, on every core.
TEST_F(PortCardTest, HandsOverWhatItDoesNotKnowWhereTheHostHasConnections) {
  const FlowKey known{kClient, kService, 39999, 80};
  Inject(Frame(known, kTcpSyn));
  PollUntil([](const CardOutput& output) { return !output.events.empty(); });
  for (uint16_t i = 0; i < 50; ++i) {
    settings_.configuration.host_protocols.tcp = true;
    ASSERT_TRUE(card_->Configure(settings_).ok());
    const uint32_t forwarded = Count(Statistic::kForwarded);
    Inject(Frame({kClient, kService, static_cast<uint16_t>(40000 + i), 80}, kTcpSyn));
    Inject(Frame({kClient6, kClient6, static_cast<uint16_t>(40000 + i), 80}, kTcpSyn));
    const CardOutput output =
        PollUntil([](const CardOutput& all) { return all.punts.size() >= 2; });
    ASSERT_EQ(output.punts.size(), 2u);
    for (const PuntedFrame& punt : output.punts) {
      EXPECT_EQ(punt.line.reason, Reason::kHostConnections);
    }
    Inject(Frame(known));
    EXPECT_TRUE(Reaches(Statistic::kForwarded, forwarded + 1));
    settings_.configuration.host_protocols.tcp = false;
    ASSERT_TRUE(card_->Configure(settings_).ok());
    Inject(Frame({kClient, kService, static_cast<uint16_t>(40000 + i), 80}, kTcpSyn));
    EXPECT_TRUE(Reaches(Statistic::kForwarded, forwarded + 2));
  }
}

TEST_F(PortCardTest, BothDirectionsMeetOnOneOfManyCores) {
  const uint32_t forwarded = Count(Statistic::kForwarded);
  for (uint16_t i = 0; i < kFlows; ++i) {
    Inject(Frame({kClient, kService, static_cast<uint16_t>(40000 + i), 80}, kTcpSyn));
    Inject(Frame({kClient6, kService6, static_cast<uint16_t>(40000 + i), 80}, kTcpSyn));
  }
  const CardOutput output = PollUntil([](const CardOutput& all) {
    return all.events.size() == kFlows && all.events_ipv6.size() == kFlows;
  });
  ASSERT_EQ(output.events.size(), kFlows);
  ASSERT_EQ(output.events_ipv6.size(), kFlows);
  std::set<uint32_t> rows, ports;
  for (const EventLine& event : output.events) {
    EXPECT_EQ(event.kind, EventKind::kLearn);
    EXPECT_EQ(event.reply.destination_address, 0xc0a80002u);
    rows.insert(event.original_row);
    ports.insert(event.reply.destination_port);
    Inject(Frame(ToFlowKey(event.reply), kTcpSyn | kTcpAck));
  }
  EXPECT_EQ(rows.size(), kFlows);
  EXPECT_EQ(ports.size(), kFlows);
  const Address node6 = Address::FromBits(image_->configuration.masquerade_address_v6);
  for (const EventIpv6Line& event : output.events_ipv6) {
    EXPECT_EQ(event.masqueraded, 1);
    Inject(Frame(
        {Address::FromWords(0xfd00000000000000, 0x0af40001), node6, 8080, event.new_source_port},
        kTcpSyn | kTcpAck));
  }
  EXPECT_TRUE(Reaches(Statistic::kForwarded, forwarded + 4 * kFlows))
      << Count(Statistic::kForwarded);
  const auto counter = card_->Read(TableId::kFrontendCounters, 3, 1);
  ASSERT_TRUE(counter.ok());
  EXPECT_EQ(UnpackRow<FrontendCounterRow>((*counter)[0]).packets, forwarded + 4u * kFlows);
}

TEST_F(PortCardTest, RowsSayWhatEventsSayAndErasingForgets) {
  const FlowKey asked{kClient, kService, 50000, 80};
  Inject(Frame(asked, kTcpSyn));
  const CardOutput output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  const EventLine& event = output.events[0];
  const auto original = card_->Read(TableId::kOriginals, event.original_row, 1);
  const auto reply = card_->Read(TableId::kReplies, event.reply_row, 1);
  ASSERT_TRUE(original.ok() && reply.ok());
  const auto row = UnpackRow<OriginalRow>((*original)[0]);
  EXPECT_TRUE(row.valid);
  EXPECT_EQ(ToFlowKey(row.key), asked);
  EXPECT_EQ(row.state, ConnectionState::kUnconfirmed);
  EXPECT_EQ(UnpackRow<ReplyRow>((*reply)[0]).key, event.reply);
  const std::vector<RowWrite> removal = {
      {.table = TableId::kOriginals, .index = event.original_row},
      {.table = TableId::kReplies, .index = event.reply_row}};
  ASSERT_TRUE(card_->Write(removal).ok());
  EXPECT_EQ(card_->Read(TableId::kOriginals, event.original_row, 1)->at(0), RowBits{});
}

TEST_F(PortCardTest, ConnectionsCloseAndExpire) {
  Inject(Frame({kClient, kService, 50002, 80}, kTcpSyn));
  CardOutput output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  Inject(Frame(ToFlowKey(output.events[0].reply), kTcpRst));
  output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].kind, EventKind::kClose);
  EXPECT_EQ(output.events[0].state, ConnectionState::kClosed);
  settings_.tick = ConnectionTimeouts{}.tcp_closed + 1;
  ASSERT_TRUE(card_->Configure(settings_).ok());
  output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  EXPECT_EQ(output.events[0].kind, EventKind::kExpire);
}

TEST_F(PortCardTest, AHandshakeEstablishes) {
  const FlowKey asked{kClient, kService, 50003, 80};
  Inject(Frame(asked, kTcpSyn));
  CardOutput output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  const EventLine learned = output.events[0];
  EXPECT_EQ(learned.kind, EventKind::kLearn);
  Inject(Frame(ToFlowKey(learned.reply), kTcpSyn | kTcpAck));
  Inject(Frame(asked, kTcpAck));
  output = PollUntil([](const CardOutput& all) { return !all.events.empty(); });
  ASSERT_EQ(output.events.size(), 1u);
  EventLine expected = learned;
  expected.kind = EventKind::kEstablish;
  expected.state = ConnectionState::kEstablished;
  EXPECT_EQ(output.events[0], expected);
}

TEST_F(PortCardTest, WhatTheHostMustSeeComesBackWithItsTag) {
  const FrameBytes frame = Frame({kClient, kService, 40000, kRejecting}, kTcpSyn);
  Inject(frame, 77);
  const CardOutput output = PollUntil([](const CardOutput& all) { return !all.punts.empty(); });
  ASSERT_EQ(output.punts.size(), 1u);
  EXPECT_EQ(output.punts[0].line.reason, Reason::kReject);
  EXPECT_EQ(output.punts[0].line.tag, 77u);
  EXPECT_EQ(output.punts[0].line.injected, 1);
  EXPECT_EQ(output.punts[0].frame, frame);
}

TEST_F(PortCardTest, InBypassAllPasses) {
  settings_.mode = Mode::kBypass;
  ASSERT_TRUE(card_->Configure(settings_).ok());
  const uint32_t passed = Count(Statistic::kPassed);
  Inject(Frame({kClient, kService, 40000, 80}));
  EXPECT_TRUE(Reaches(Statistic::kPassed, passed + 1));
}

TEST_F(PortCardTest, RefusesRowsAndFramesThatCannotBe) {
  const RowWrite beyond{.table = TableId::kFrontends, .index = 1 << 30};
  EXPECT_EQ(card_->Write({&beyond, 1}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(card_->Read(TableId::kOriginals, 4095, 2).status().code(),
            absl::StatusCode::kOutOfRange);
  const FrameBytes too_short(13), too_long(9000);
  for (const FrameBytes& frame : {too_short, too_long}) {
    const InjectedFrame injected{.line = {}, .frame = frame};
    EXPECT_EQ(card_->Inject({&injected, 1}).code(), absl::StatusCode::kInvalidArgument);
  }
  settings_.configuration.masquerade_ports = {.base = 0xc000, .mask = 0x0001};
  EXPECT_EQ(card_->Configure(settings_).code(), absl::StatusCode::kInvalidArgument);
}

TEST(PortCardOptionsTest, SaysWhatIsWrong) {
  const auto fault = [](const PortCardOptions& options) {
    return std::string(OpenPortCard(options).status().message());
  };
  EXPECT_NE(fault({.ports = {"net_null0"}}).find("needs two ports"), std::string::npos);
  EXPECT_NE(fault({.ports = {"a", "b"}, .cores = 3}).find("--cores 3"), std::string::npos);
  EXPECT_NE(fault({.ports = {"a", "b"}, .connections = 100}).find("--connections 100"),
            std::string::npos);
}

}  // namespace
}  // namespace pointsman
