#include "flow_tables/hash.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"

namespace pointsman {
namespace {

// Bit by bit, as the definition reads; independent of the instruction.
constexpr uint32_t BitwiseCrc32c(uint32_t seed, std::span<const uint8_t> bytes) {
  uint32_t crc = seed;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return crc;
}

std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

constexpr Tuple kTuple = {.source_address = 0x0a000102,
                          .destination_address = 0xc0a80304,
                          .source_port = 0xbeef,
                          .destination_port = 0x1f90,
                          .protocol = 17};
const std::vector<uint8_t> kTupleBytes = {0x02, 0x01, 0x00, 0x0a, 0x04, 0x03, 0xa8,
                                          0xc0, 0xef, 0xbe, 0x90, 0x1f, 0x11};

TEST(Crc32c, GivesTheCheckValueOfTheCatalogue) {
  // Reveng's catalogue and RFC 3720 B.4, both with initial and final inversion.
  EXPECT_EQ(~Crc32c(0xffffffff, Bytes("123456789")), 0xe3069283);
  EXPECT_EQ(~Crc32c(0xffffffff, std::vector<uint8_t>(32, 0)), 0x8a9136aa);
}

TEST(Crc32c, Continues) {
  EXPECT_EQ(Crc32c(Crc32c(7, Bytes("12345")), Bytes("6789")), Crc32c(7, Bytes("123456789")));
}

TEST(SlotHash, IsTheCrcOfThePackedTuple) {
  for (const uint32_t seed : {0u, 1u, 0xffffffffu, 0x12345678u}) {
    EXPECT_EQ(SlotHash(kTuple, seed), BitwiseCrc32c(seed, kTupleBytes)) << seed;
  }
}

TEST(FrontendHashes, AreTheCrcsOfTheKeyForwardsAndBackwards) {
  std::vector<uint8_t> key = {0x04, 0x03, 0xa8, 0xc0, 0x90, 0x1f, 0x06};
  const HashPair hashes = FrontendHashes(Ipv4Address{0xc0a80304}, 0x1f90, Protocol::kTcp);
  EXPECT_EQ(hashes.first, BitwiseCrc32c(0, key));
  std::reverse(key.begin(), key.end());
  EXPECT_EQ(hashes.second, BitwiseCrc32c(0, key));
}

TEST(TabulationHash, XorsOneRowAByte) {
  const TabulationHash hash(42);
  ASSERT_EQ(hash.rows().size(), 3328u);
  HashPair expected;
  for (size_t i = 0; i < kTupleBytes.size(); ++i) {
    expected.first ^= hash.rows()[i * 256 + kTupleBytes[i]].first;
    expected.second ^= hash.rows()[i * 256 + kTupleBytes[i]].second;
  }
  EXPECT_EQ(hash.Hash(kTuple), expected);
}

TEST(TabulationHash, DependsOnTheSeedAlone) {
  EXPECT_TRUE(std::ranges::equal(TabulationHash(1).rows(), TabulationHash(1).rows()));
  EXPECT_NE(TabulationHash(1).Hash(kTuple), TabulationHash(2).Hash(kTuple));
}

}  // namespace
}  // namespace pointsman
