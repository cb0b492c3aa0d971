#include "flow_tables/checksum.h"

#include <gmock/gmock.h>

#include <array>
#include <vector>

#include "flow_tables/big_endian.h"
#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

TEST(ChecksumTest, OfTheExampleInRfc1071) {
  const std::array<uint8_t, 8> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(FoldChecksum(ChecksumSum(bytes)), 0xddf2);
  EXPECT_EQ(InternetChecksum(bytes), 0x220d);
}

TEST(ChecksumTest, PadsAnOddByte) {
  const std::array<uint8_t, 3> odd = {0x12, 0x34, 0x56};
  EXPECT_EQ(ChecksumSum(odd), 0x1234U + 0x5600U);
}

// RFC 1624, section 4: the case that the older equation gets wrong.
TEST(ChecksumTest, OfTheExampleInRfc1624) {
  ChecksumDelta delta;
  delta.Replace16(0x5555, 0x3285);
  EXPECT_EQ(delta.Apply(0xdd2f), 0x0000);
}

TEST(ChecksumTest, UdpNeverSendsZero) {
  // The pseudo header's words and the segment's sum to 0xffff.
  std::vector<uint8_t> segment(8);
  StoreBe16(segment.data(), static_cast<uint16_t>(0xffff - 17 - 8));
  EXPECT_EQ(TransportChecksum({0}, {0}, Protocol::kUdp, segment), 0xffff);
  StoreBe16(segment.data(), static_cast<uint16_t>(0xffff - 6 - 8));
  EXPECT_EQ(TransportChecksum({0}, {0}, Protocol::kTcp, segment), 0x0000);
}

// The rule of docs/card.md word by word, as it stands there.
uint16_t UpdateByTheRule(uint16_t old, const std::vector<uint16_t>& removed,
                         const std::vector<uint16_t>& added) {
  uint32_t sum = static_cast<uint16_t>(~old);
  for (const uint16_t word : removed) sum += static_cast<uint16_t>(~word);
  for (const uint16_t word : added) sum += word;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint16_t RandomWord(std::mt19937_64& random) {
  switch (Below(random, 4)) {
    case 0:
      return 0;
    case 1:
      return 0xffff;
    default:
      return static_cast<uint16_t>(random());
  }
}

TEST(ChecksumTest, WideWordsFollowTheRuleBitForBit) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 500000; ++i) {
    std::vector<uint16_t> removed, added;
    for (int n = 0; n < 7; ++n) {
      removed.push_back(RandomWord(random));
      added.push_back(RandomWord(random));
    }
    ChecksumDelta delta;
    for (size_t n = 0; n < 6; n += 2) {
      delta.Replace(uint32_t{removed[n]} << 16 | removed[n + 1],
                    uint32_t{added[n]} << 16 | added[n + 1]);
    }
    delta.Replace16(removed[6], added[6]);
    const uint16_t old = RandomWord(random);
    ASSERT_EQ(delta.Apply(old), UpdateByTheRule(old, removed, added));
  }
}

// Ten random words and a checksum; some words change. The two ways agree, but for the two zeros of
// one's complement.
TEST(ChecksumTest, IncrementalAgreesWithTheWhole) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 500000; ++i) {
    std::array<uint8_t, 20> bytes{};
    for (size_t at = 0; at < bytes.size(); at += 2) StoreBe16(&bytes[at], RandomWord(random));
    const uint16_t old = InternetChecksum(bytes);
    ChecksumDelta delta;
    for (size_t at = 0; at < bytes.size(); at += 4) {
      if (Below(random, 2) == 0) continue;
      const uint32_t word = uint32_t{RandomWord(random)} << 16 | RandomWord(random);
      delta.Replace(LoadBe32(&bytes[at]), word);
      StoreBe32(&bytes[at], word);
    }
    ASSERT_EQ(delta.Apply(old) % 0xffff, InternetChecksum(bytes) % 0xffff);
  }
}

}  // namespace
}  // namespace pointsman
