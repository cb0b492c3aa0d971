#include "driver/card_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/driver/descriptions.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

TEST(CardDescription, ReadsProfileSim) {
  const auto card = ParseCardDescription(SimulationBlob());
  ASSERT_TRUE(card.ok()) << card.status();
  EXPECT_EQ(card->profile, "sim");
  EXPECT_EQ(card->sizes, kSimSizes);
  EXPECT_EQ(card->frame_bytes_max, 9216u);
}

struct BadBlob {
  const char* what;
  std::vector<uint8_t> blob;
  const char* message;
};

TEST(CardDescription, RefusesNamingNodeAndProperty) {
  const std::vector<uint8_t> good = SimulationBlob();
  std::vector<uint8_t> truncated(good.begin(), good.end() - 1);
  std::vector<uint8_t> zeros(good.size());
  const BadBlob cases[] = {
      {"empty", {}, "0 bytes that are no device tree blob"},
      {"text", {'h', 'i'}, "2 bytes that are no device tree blob"},
      {"zeros", zeros, "no device tree blob"},
      {"truncated", truncated, "no device tree blob"},
      {"compatible", WithText(good, "/", "compatible", "x"),
       "/: compatible is \"x\", this driver knows \"pointsman,card-1\""},
      {"no compatible", Without(good, "/", "compatible"), "/: property compatible is missing"},
      {"no profile", Without(good, "/", "profile"), "/: property profile is missing"},
      {"no sizes", Without(good, "/sizes", nullptr), "node /sizes is missing"},
      {"no size", Without(good, "/sizes", "slots"), "/sizes: property slots is missing"},
      {"text for a number", WithText(good, "/sizes", "slots", "many"),
       "/sizes: slots has 5 bytes, one cell of 4 is expected"},
      {"zero", WithNumber(good, "/sizes", "slots", 0), "/sizes: slots is 0, expected 1..1048576"},
      {"not a power of two", WithNumber(good, "/sizes", "sources", 65),
       "/sizes: sources is 65, expected a power of two"},
      {"more than a field holds", WithNumber(good, "/sizes", "next-hops", 8192),
       "/sizes: next-hops is 8192, expected 1..4096"},
      {"fewer than a bucket", WithNumber(good, "/sizes", "originals", 4),
       "/sizes: originals is 4, expected 32.."},
      {"hash keys", WithNumber(good, "/sizes", "hash-keys", 4096),
       "/sizes: hash-keys is 4096, expected 9472..9472"},
      {"endpoints without counter", WithNumber(good, "/sizes", "endpoint-counters", 2048),
       "/sizes: endpoint-counters is 2048, fewer than the 4096 endpoints"},
      {"short frames", WithNumber(good, "/limits", "frame-bytes-max", 1000),
       "/limits: frame-bytes-max is 1000, expected 1514..9216"},
      {"long frames", WithNumber(good, "/limits", "frame-bytes-max", 65536),
       "/limits: frame-bytes-max is 65536"},
  };
  for (const BadBlob& bad : cases) {
    const auto card = ParseCardDescription(bad.blob);
    ASSERT_FALSE(card.ok()) << bad.what;
    EXPECT_TRUE(absl::IsInvalidArgument(card.status())) << bad.what;
    EXPECT_THAT(std::string(card.status().message()), HasSubstr(bad.message)) << bad.what;
  }
}

TEST(CardDescription, MessagesHoldPrintableTextOnly) {
  const auto card = ParseCardDescription(
      WithText(SimulationBlob(), "/", "compatible", "\033[2J" + std::string(500, 'a')));
  ASSERT_FALSE(card.ok());
  EXPECT_THAT(std::string(card.status().message()), HasSubstr("\"?[2Jaaa"));
  EXPECT_LT(card.status().message().size(), 200u);
}

// Any bytes: no crash, and never a card that breaks its own rules. Sanitizers watch.
TEST(CardDescription, SurvivesFlippedBits) {
  const std::vector<uint8_t> good = SimulationBlob();
  ASSERT_FALSE(good.empty());
  const char* given = std::getenv("POINTSMAN_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : 1;
  SCOPED_TRACE(testing::Message() << "POINTSMAN_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> blob = good;
    for (int flips = 0; flips < 4; ++flips) blob[random() % blob.size()] ^= 1u << random() % 8;
    const auto card = ParseCardDescription(blob);
    if (card.ok()) {
      EXPECT_GE(card->sizes.endpoint_counters, card->sizes.endpoints);
    }
  }
}

}  // namespace
}  // namespace pointsman
