#include "flow_tables/hash.h"

#include <algorithm>
#include <numeric>
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

constexpr TupleIpv6 kTupleIpv6 = {
    .source_address = {.low = 0x0807060504030201, .high = 0x100f0e0d0c0b0a09},
    .destination_address = {.low = 0x1817161514131211, .high = 0x201f1e1d1c1b1a19},
    .source_port = 0x2221,
    .destination_port = 0x2423,
    .protocol = 0x25};
// 1, 2, ..., 37.
std::vector<uint8_t> TupleIpv6Bytes() {
  std::vector<uint8_t> bytes(37);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  return bytes;
}

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
    EXPECT_EQ(SlotHash(kTupleIpv6, seed), BitwiseCrc32c(seed, TupleIpv6Bytes())) << seed;
  }
}

TEST(FrontendHashes, AreTheCrcsOfTheKeyForwardsAndBackwards) {
  const struct {
    Address address;
    std::vector<uint8_t> key;
  } cases[] = {
      {Ipv4Address{0xc0a80304},
       {0x04, 0x03, 0xa8, 0xc0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x1f, 0x06}},
      {Address::FromWords(0x100f0e0d0c0b0a09, 0x0807060504030201),
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x90, 0x1f, 0x06}},
  };
  for (const auto& c : cases) {
    const HashPair hashes = FrontendHashes(c.address, 0x1f90, Protocol::kTcp);
    std::vector<uint8_t> key = c.key;
    EXPECT_EQ(hashes.first, BitwiseCrc32c(0, key)) << Describe(c.address);
    std::reverse(key.begin(), key.end());
    EXPECT_EQ(hashes.second, BitwiseCrc32c(0, key)) << Describe(c.address);
  }
}

TEST(TabulationHash, XorsOneRowAByte) {
  const TabulationHash hash(42);
  ASSERT_EQ(hash.rows().size(), 9472u);
  const auto expected = [&](const std::vector<uint8_t>& bytes) {
    HashPair pair;
    for (size_t i = 0; i < bytes.size(); ++i) {
      pair.first ^= hash.rows()[i * 256 + bytes[i]].first;
      pair.second ^= hash.rows()[i * 256 + bytes[i]].second;
    }
    return pair;
  };
  EXPECT_EQ(hash.Hash(kTuple), expected(kTupleBytes));
  EXPECT_EQ(hash.Hash(kTupleIpv6), expected(TupleIpv6Bytes()));
}

TEST(TabulationHash, IsWhatItsRowsAre) {
  const TabulationHash hash(42);
  EXPECT_EQ(TabulationHash({hash.rows().begin(), hash.rows().end()}).Hash(kTuple),
            hash.Hash(kTuple));
}

TEST(TabulationHash, DependsOnTheSeedAlone) {
  EXPECT_TRUE(std::ranges::equal(TabulationHash(1).rows(), TabulationHash(1).rows()));
  EXPECT_NE(TabulationHash(1).Hash(kTuple), TabulationHash(2).Hash(kTuple));
}

}  // namespace
}  // namespace pointsman
