// A card that lies becomes a mere port, software carries its packets, and it is loaded again: no
// packet is lost on its wires and no connection changes its endpoint. The card is the RTL under the
// shipped driver; that a row reads back differently is said by a layer between.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "host/cardd/failover_card.h"
#include "sim/card/simulated_card.h"
#include "sim/card/verilated_model.h"
#include "tests/host/cardd/failover_world.h"
#include "tests/support/simulated_transport.h"

namespace pointsman::cardd {
namespace {

constexpr uint32_t kLyingRow = 7;
constexpr uint32_t kTickCycles = 300;
constexpr uint32_t kTimeoutTicks = 400;

FlowKey Reversed(const FlowKey& key) {
  return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
}

// Says that a row reads back differently.
class LyingCard : public Card {
 public:
  LyingCard(std::unique_ptr<Card> card, const bool& lies) : card_(std::move(card)), lies_(lies) {}

  const CardDescription& description() const override { return card_->description(); }
  absl::Status Write(std::span<const RowWrite> rows) override {
    absl::Status status = card_->Write(rows);
    const bool is_among = std::ranges::any_of(rows, [](const RowWrite& row) {
      return row.table == TableId::kEndpoints && row.index == kLyingRow;
    });
    return status.ok() && lies_ && is_among ? absl::DataLossError("endpoints[7] lies") : status;
  }
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                            uint32_t count) override {
    auto rows = card_->Read(table, index, count);
    if (rows.ok() && lies_ && table == TableId::kEndpoints && index <= kLyingRow &&
        kLyingRow < index + count) {
      (*rows)[kLyingRow - index][0] ^= 1;
    }
    return rows;
  }
  absl::Status Configure(const CardSettings& settings) override {
    return card_->Configure(settings);
  }
  absl::Status Inject(std::span<const InjectedFrame> frames) override {
    return card_->Inject(frames);
  }
  absl::StatusOr<CardOutput> Poll() override { return card_->Poll(); }
  absl::StatusOr<CardHealth> Health() override { return card_->Health(); }

 private:
  const std::unique_ptr<Card> card_;
  const bool& lies_;
};

class NoOtherCard : public CardSource {
 public:
  absl::Status Begin() override { return absl::UnavailableError("there is one card only"); }
  absl::StatusOr<std::unique_ptr<Card>> Take() override { return nullptr; }
};

class PuntModeWireTest : public testing::Test {
 protected:
  void Open() {
    auto uplink = std::make_unique<QueueWire>();
    auto node = std::make_unique<QueueWire>();
    uplink_ = uplink.get();
    node_ = node.get();
    SimulatedCardOptions options;
    options.uplink = std::move(uplink);
    options.node = std::move(node);
    auto simulated = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
    ASSERT_TRUE(simulated.ok()) << simulated.status();
    simulated_ = *std::move(simulated);
    RingCardOptions card_options;
    card_options.deadline = std::chrono::seconds(20);
    auto card = RingCard::Open(MakeSimulatedTransport(*simulated_), card_options);
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = std::make_unique<FailoverCard>(
        std::make_unique<NoOtherCard>(), std::make_unique<LyingCard>(*std::move(card), lies_),
        nullptr, FailoverOptions{.longest_pause = std::chrono::milliseconds(20)});
    Image image = World();
    ConnectionTimeouts& timeouts = image.configuration.timeouts;
    timeouts.tcp_unconfirmed = timeouts.tcp_half_open = timeouts.tcp_established = kTimeoutTicks;
    ASSERT_EQ(card_->Configure({.mode = Mode::kOffload,
                                .configuration = image.configuration,
                                .tick_cycles = kTickCycles}),
              absl::OkStatus());
    ASSERT_EQ(card_->Write(MakePlan(EmptyImage(kSimSizes), image).writes), absl::OkStatus());
  }

  static FlowKey KeyOf(uint16_t port) { return port % 4 == 0 ? Original6(port) : Original(port); }
  static FlowKey AnswerTo(uint16_t port) {
    return port % 4 == 0 ? FlowKey{kEndpoint6, kClient6, 8080, port}
                         : FlowKey{kEndpoint, kClient, 8080, port};
  }

  // Both directions of a connection: from the client at the uplink, and from the endpoint.
  void Send(uint16_t port, uint8_t flags = kTcpAck) {
    const auto add = [](QueueWire& wire, FrameBytes bytes) {
      bytes.resize(std::max(bytes.size(), kMinFrameBytes));
      wire.to_card.push_back({std::move(bytes)});
    };
    add(*uplink_, Frame(KeyOf(port), flags));
    to_node_.push_back(Reversed(AnswerTo(port)));
    if (flags == kTcpSyn) return;
    add(*node_, Frame(AnswerTo(port), flags));
    to_uplink_.push_back(Reversed(KeyOf(port)));
  }

  void Poll() {
    ASSERT_TRUE(simulated_->Run(64).ok());
    const auto output = card_->Poll();
    ASSERT_TRUE(output.ok()) << output.status();
    EXPECT_TRUE(output->punts.empty());
  }

  // Whether everything that was sent leaves, where and as it should.
  void ExpectAll() {
    for (int i = 0; i < 3000 && (node_->from_card.size() < to_node_.size() ||
                                 uplink_->from_card.size() < to_uplink_.size());
         ++i) {
      Poll();
    }
    ExpectOn(*node_, to_node_);
    ExpectOn(*uplink_, to_uplink_);
  }
  static void ExpectOn(QueueWire& wire, std::vector<FlowKey>& expected) {
    std::vector<FlowKey> left;
    for (const auto& frame : wire.from_card) {
      const Parsed parsed = Parse(frame.bytes);
      left.push_back(parsed.kind == ParseKind::kTuple
                         ? ToFlowKey(parsed.tuple)
                         : ToFlowKey(ParseOther(frame.bytes, false).tuple));
    }
    // Where the carrier changes, later packets may overtake earlier ones.
    const auto sort = [](std::vector<FlowKey>& keys) {
      std::ranges::sort(keys, {}, [](const FlowKey& key) {
        return std::tuple(key.source_port, key.destination_port, key.source.is_v4());
      });
    };
    sort(left);
    sort(expected);
    EXPECT_EQ(left, expected);
    wire.from_card.clear();
    expected.clear();
  }

  uint32_t Count(Statistic statistic) {
    return card_->Health().value().statistics.at(static_cast<size_t>(statistic));
  }

  bool lies_ = false;
  QueueWire* uplink_ = nullptr;
  QueueWire* node_ = nullptr;
  std::unique_ptr<SimulatedCard> simulated_;
  std::unique_ptr<FailoverCard> card_;
  std::vector<FlowKey> to_node_;
  std::vector<FlowKey> to_uplink_;
};

TEST_F(PuntModeWireTest, NothingIsLostWhileACardLies) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto each = [](uint16_t first, uint16_t count, const auto& visit) {
    for (uint16_t i = 0; i < count; ++i) visit(static_cast<uint16_t>(first + i));
  };
  const auto send = [this](uint16_t port) { Send(port); };
  each(1000, 40, [this](uint16_t port) { Send(port, kTcpSyn); });
  ExpectAll();
  // Until the card's time is beyond what a connection of its beginning would survive.
  for (uint32_t i = 0; i < 4; ++i) {
    each(1000, 40, send);
    ExpectAll();
    ASSERT_TRUE(simulated_->Run(kTickCycles * kTimeoutTicks / 3).ok());
  }
  ASSERT_EQ(Count(Statistic::kLearned), 40);
  ASSERT_EQ(Count(Statistic::kExpired), 0);

  lies_ = true;
  each(1000, 40, send);  // these are on their way
  ASSERT_TRUE(simulated_->Run(100).ok());
  ASSERT_EQ(card_->Write(std::vector<RowWrite>{{TableId::kEndpoints, kLyingRow, {8}}}),
            absl::OkStatus());
  EXPECT_EQ(card_->status().carrier(), Carrier::kSoftware);
  ExpectAll();
  for (uint16_t round = 0; round < 3; ++round) {
    each(1000, 40, send);
    each(static_cast<uint16_t>(2000 + 20 * round), 20,
         [this](uint16_t port) { Send(port, kTcpSyn); });
    ExpectAll();
    each(static_cast<uint16_t>(2000 + 20 * round), 20, send);
    ExpectAll();
  }
  uint16_t sent = 0;
  const auto go_on_until = [&](const auto& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      Send(static_cast<uint16_t>(1000 + sent++ % 40));
      Poll();
    }
  };
  ASSERT_NO_FATAL_FAILURE(go_on_until([this] { return card_->status().failures == 2; }));
  EXPECT_EQ(card_->status().carrier(), Carrier::kSoftware);
  EXPECT_EQ(Count(Statistic::kLearned), 100);

  lies_ = false;
  ASSERT_NO_FATAL_FAILURE(
      go_on_until([this] { return card_->status().carrier() == Carrier::kCard; }));
  each(1000, 40, send);
  each(2000, 60, send);
  ExpectAll();
  EXPECT_EQ(card_->status().returns, 1);
  EXPECT_EQ(card_->status().connections_moved, 100);

  // The card knows them all, and they are young.
  for (uint32_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(simulated_->Run(kTickCycles * kTimeoutTicks / 3).ok());
    each(1000, 40, send);
    each(2000, 60, send);
    ExpectAll();
  }
  EXPECT_EQ(Count(Statistic::kLearned), 100);
  EXPECT_EQ(Count(Statistic::kExpired), 0);
  EXPECT_EQ(card_->status().carrier(), Carrier::kCard);
}

}  // namespace
}  // namespace pointsman::cardd
