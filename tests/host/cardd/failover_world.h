// What tests of FailoverCard share: a Service over each family, its packets, what a card tells of
// its connections, and cards in memory that fail and come back.
#ifndef POINTSMAN_TESTS_HOST_CARDD_FAILOVER_WORLD_H_
#define POINTSMAN_TESTS_HOST_CARDD_FAILOVER_WORLD_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "host/cardd/card_source.h"
#include "tests/driver/card_fixture.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman::cardd {

inline constexpr Ipv4Address kService{0x0a600001};
inline constexpr Ipv4Address kClient{0x0a000005};
inline constexpr Ipv4Address kEndpoint{0x0af40001};
inline constexpr Ipv4Address kGoneEndpoint{0x0af40063};  // in no row
inline const Address kService6 = Address::FromWords(0xfd00000000000000, 0x0a600001);
inline const Address kClient6 = Address::FromWords(0xfd00000000000000, 0x0a000005);
inline const Address kEndpoint6 = Address::FromWords(0xfd00000000000000, 0x0af40001);
inline constexpr uint32_t kEndpoint6Row = 1;

inline Image World() {
  ImageBuilder builder(kSimSizes);
  builder.AddNextHop({});  // so that no row is 0 by chance
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const uint16_t back = builder.AddNextHop({Port::kUplink, {0x020000000301}, {0x020000000302}});
  const auto add = [&](const Address& service, const Address& endpoint) {
    builder.AddFrontend(
        {.destination_address = service.bits(),
         .destination_port = 80,
         .protocol = static_cast<uint8_t>(Protocol::kTcp),
         .counter = 3,
         .outside_slots_base = builder.AddSlots({builder.AddEndpoint(endpoint, 8080, hop)})});
  };
  add(kService, kEndpoint);
  add(kService6, kEndpoint6);
  builder.AddSource(Ipv4Address{0x0a000000}, 24, ClientClass::kOutside, back);
  Image image = builder.image();
  image.configuration.masquerade_address = {0xc0a80002};
  return image;
}

inline FlowKey Original(uint16_t port) { return {kClient, kService, port, 80}; }
inline FlowKey Original6(uint16_t port) { return {kClient6, kService6, port, 80}; }

inline FrameBytes Frame(const FlowKey& key, uint8_t flags) {
  TcpSpec spec{
      .source_port = key.source_port, .destination_port = key.destination_port, .flags = flags};
  if (!key.source.is_v4()) {
    return BuildTcp(Ipv6Spec{.source = key.source, .destination = key.destination}, spec);
  }
  spec.ip.source = key.source.v4();
  spec.ip.destination = key.destination.v4();
  return BuildTcp(spec);
}

inline EventLine Event(EventKind kind, uint16_t port, uint32_t row,
                       Ipv4Address endpoint = kEndpoint) {
  return {.kind = kind,
          .table = static_cast<uint8_t>(TableId::kOriginals),
          .original_row = row,
          .reply_row = row + 1,
          .original = ToTuple(Original(port)),
          .reply = ToTuple({endpoint, kClient, 8080, port}),
          .frontend_counter = 3};
}

inline EventIpv6Line Event6(EventKind kind, uint16_t port, uint32_t row) {
  return {.kind = kind,
          .table = static_cast<uint8_t>(TableId::kOriginalsIpv6),
          .original_row = row,
          .reply_row = row,
          .original = ToTupleIpv6(Original6(port)),
          .endpoint = kEndpoint6Row,
          .frontend_counter = 3,
          .new_source_port = port};
}

// What tests and the card made from it share.
struct Rack {
  std::unique_ptr<FakeCard> fake;
  int refusals = 0;    // to come
  bool keeps = false;  // the card stays what it is
  int begun = 0;
};

class FakeSource : public CardSource {
 public:
  explicit FakeSource(Rack& rack) : rack_(rack) {}

  absl::Status Begin() override {
    ++rack_.begun;
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<Card>> Take() override {
    if (rack_.refusals > 0) {
      --rack_.refusals;
      return absl::UnavailableError("no card here");
    }
    if (!rack_.keeps || rack_.fake == nullptr) {
      rack_.fake = std::make_unique<FakeCard>(SimulationBlob());
    }
    RingCardOptions options = SmallRings();
    options.rings.command_lines_log2 = 10;
    options.rings.event_lines_log2 = 10;
    options.deadline = std::chrono::milliseconds(100);
    options.adopt = rack_.keeps;
    return RingCard::Open(rack_.fake->Connect(), options);
  }

 private:
  Rack& rack_;
};

template <class OriginalOf, class ReplyOf>
std::optional<FlowKey> ReplyIn(Card& card, const FlowKey& original, uint32_t rows) {
  auto originals = card.Read(OriginalOf::kTable, 0, rows);
  auto replies = card.Read(ReplyOf::kTable, 0, rows);
  for (uint32_t row = 0; row < rows; ++row) {
    const auto there = UnpackRow<OriginalOf>(originals->at(row));
    if (!there.valid || ToFlowKey(there.key) != original) continue;
    const auto back = UnpackRow<ReplyOf>(replies->at(there.reply_row));
    EXPECT_TRUE(back.valid);
    EXPECT_EQ(back.original_row, row);
    return ToFlowKey(back.key);
  }
  return std::nullopt;
}

// How the connection with this original is translated: as its endpoint answers.
inline std::optional<FlowKey> ReplyIn(Card& card, const FlowKey& original) {
  return original.source.is_v4()
             ? ReplyIn<OriginalRow, ReplyRow>(card, original, kSimSizes.originals)
             : ReplyIn<OriginalIpv6Row, ReplyIpv6Row>(card, original, kSimSizes.originals_ipv6);
}

}  // namespace pointsman::cardd

#endif  // POINTSMAN_TESTS_HOST_CARDD_FAILOVER_WORLD_H_
