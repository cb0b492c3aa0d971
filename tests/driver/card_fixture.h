// A card opened over a fake one, for tests of RingCard.
#ifndef POINTSMAN_TESTS_DRIVER_CARD_FIXTURE_H_
#define POINTSMAN_TESTS_DRIVER_CARD_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>

#include "driver/ring_card.h"
#include "tests/driver/descriptions.h"
#include "tests/driver/fake_card.h"

namespace pointsman {

// The smallest rings there are, short deadlines, known hash keys.
inline RingCardOptions SmallRings() {
  RingCardOptions options;
  options.rings = {
      .command_lines_log2 = 4, .inject_lines_log2 = 8, .punt_lines_log2 = 8, .event_lines_log2 = 4};
  options.deadline = std::chrono::milliseconds(20);
  options.hash_key_seed = 7;
  return options;
}

class CardFixture : public testing::Test {
 protected:
  absl::Status Open() {
    auto card = RingCard::Open(fake_.Connect(), SmallRings());
    if (card.ok()) card_ = *std::move(card);
    return card.status();
  }

  FakeCard fake_{SimulationBlob()};
  std::unique_ptr<Card> card_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_DRIVER_CARD_FIXTURE_H_
