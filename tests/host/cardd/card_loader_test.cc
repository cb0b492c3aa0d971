// What happens to connections while a card is loaded with them.
#include "host/cardd/card_loader.h"

#include <gtest/gtest.h>

#include "tests/host/cardd/failover_world.h"

namespace pointsman::cardd {
namespace {

class CardLoaderTest : public CardFixture {
 protected:
  // The ports tell.
  void Tell(const EventLine& event) {
    CardOutput output;
    output.events.push_back(event);
    std::vector<ConnectionChange> changes;
    mirror_.Take(output, image_, /*of_card=*/false, changes);
  }

  void Load(CardLoader& loader) {
    for (bool loaded = false; !loaded;) {
      const auto step = loader.Step(Content(), mirror_);
      ASSERT_TRUE(step.ok()) << step.status();
      loaded = *step;
    }
  }

  CardContent Content() const { return {.image = image_, .affinity = affinity_, .card_tick = 7}; }

  // Of the connection from this port; kNone: the card has none.
  ConnectionState StateInCard(uint16_t port) const {
    for (uint32_t row = 0; row < kSimSizes.originals; ++row) {
      const auto original = UnpackRow<OriginalRow>(fake_.Row(TableId::kOriginals, row));
      if (original.valid && ToFlowKey(original.key) == Original(port)) return original.state;
    }
    return ConnectionState::kNone;
  }

  const Image image_ = World();
  const std::vector<RowBits> affinity_ = std::vector<RowBits>(kSimSizes.affinity);
  ConnectionMirror mirror_;
};

TEST_F(CardLoaderTest, WhatIsNewsAfterARowWasWrittenComesIntoTheCard) {
  ASSERT_EQ(Open(), absl::OkStatus());
  mirror_.SetSources(image_);
  for (const uint16_t port : {1000, 1001, 1002}) {
    Tell(Event(EventKind::kLearn, port, port - 1000));
  }
  CardLoader loader(*card_, CardHolds::kNothing);
  ASSERT_NO_FATAL_FAILURE(Load(loader));
  ASSERT_EQ(StateInCard(1000), ConnectionState::kHalfOpen);

  Tell(Event(EventKind::kEstablish, 1000, 0));
  Tell(Event(EventKind::kClose, 1001, 1));
  Tell(Event(EventKind::kExpire, 1002, 2));
  Tell(Event(EventKind::kLearn, 1003, 3));
  ASSERT_EQ(loader.PlaceNew(Content(), mirror_), absl::OkStatus());
  EXPECT_EQ(StateInCard(1000), ConnectionState::kEstablished);
  EXPECT_EQ(StateInCard(1001), ConnectionState::kClosed);
  EXPECT_EQ(StateInCard(1002), ConnectionState::kNone);
  EXPECT_EQ(StateInCard(1003), ConnectionState::kHalfOpen);
  EXPECT_EQ(loader.placed(), 4);
}

}  // namespace
}  // namespace pointsman::cardd
