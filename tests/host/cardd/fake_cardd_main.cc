// `pointsman cardd` with a card in software. What it is to do wrong it is told by frames that it is
// to transmit, of an EtherType for experiments (RFC 5342): the byte behind it is a FakeOrder.
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "host/cardd/card_process.h"
#include "host/cardd/card_server.h"
#include "host/cardd/channel.h"
#include "tests/driver/card_fixture.h"
#include "tests/host/cardd/fake_orders.h"

namespace pointsman::cardd {
namespace {

// A card that follows orders.
class OrderedCard : public Card {
 public:
  OrderedCard(FakeCard& fake, std::unique_ptr<Card> card) : fake_(fake), card_(std::move(card)) {}

  const CardDescription& description() const override { return card_->description(); }
  absl::Status Write(std::span<const RowWrite> rows) override { return card_->Write(rows); }
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                            uint32_t count) override {
    return card_->Read(table, index, count);
  }
  absl::Status Configure(const CardSettings& settings) override {
    return card_->Configure(settings);
  }
  absl::Status Inject(std::span<const InjectedFrame> frames) override {
    absl::Status status = card_->Inject(frames);
    for (const auto& [line, frame] : std::exchange(fake_.transmitted, {})) Follow(frame);
    return status;
  }
  absl::StatusOr<CardOutput> Poll() override { return card_->Poll(); }
  absl::StatusOr<CardHealth> Health() override { return card_->Health(); }

 private:
  void Follow(const std::vector<uint8_t>& frame) {
    switch (FakeOrder{frame[kOrderAt]}) {
      case FakeOrder::kTell: {
        LineBits line{};
        std::memcpy(line.data(), &frame[kOrderAt + 1], sizeof(line));
        const auto event = UnpackLine<EventLine>(line);
        const bool ipv6 = TableId{event.table} == TableId::kOriginalsIpv6;
        ipv6 ? fake_.Tell(UnpackLine<EventIpv6Line>(line)) : fake_.Tell(event);
        return;
      }
      case FakeOrder::kAllOnes:
        fake_.faults.all_ones = true;
        return;
      case FakeOrder::kDecay:
        fake_.faults.decaying_row = {TableId::kEndpoints, 7};
        return;
      case FakeOrder::kHang:
        std::this_thread::sleep_for(std::chrono::hours(1));
        return;
      case FakeOrder::kExit:
        _exit(7);
    }
  }

  FakeCard& fake_;
  std::unique_ptr<Card> card_;
};

int Main(const std::string& how) {
  auto channel = Channel::Open(kChannelDescriptor);
  if (!channel.ok() || !PrepareChild((*channel)->parent()).ok()) return 2;
  FakeCard fake(SimulationBlob());
  fake.faults.all_ones = how == "dead";
  RingCardOptions options = SmallRings();
  options.deadline = std::chrono::milliseconds(500);
  auto card = RingCard::Open(fake.Connect(), options);
  if (!card.ok()) {
    TellFailure(**channel, card.status());
    return 3;
  }
  OrderedCard ordered(fake, *std::move(card));
  return CardServer(**channel, ordered).Run().ok() ? 0 : 3;
}

}  // namespace
}  // namespace pointsman::cardd

int main(int argc, char** argv) { return pointsman::cardd::Main(argc > 1 ? argv[1] : ""); }
