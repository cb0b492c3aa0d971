#include "flow_tables/rewrite.h"

#include <gmock/gmock.h>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

TEST(RewriteTest, AddingAFoldedDeltaIsApplyingIt) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 100000; ++i) {
    ChecksumDelta delta;
    if (Below(random, 100) != 0) {
      delta.Replace(static_cast<uint32_t>(random()), static_cast<uint32_t>(random()));
      delta.Replace16(static_cast<uint16_t>(random()), static_cast<uint16_t>(random()));
    }
    const auto old = static_cast<uint16_t>(Below(random, 4) == 0 ? 0xffff : random());
    ASSERT_EQ(AddToChecksum(old, delta.Folded()), delta.Apply(old));
  }
}

TEST(RewriteTest, TheHeadersSumIsTheSameForEveryTtl) {
  const Tuple tuple{.source_address = 1, .destination_address = 2};
  const Translation to{.new_source_address = 3, .new_destination_address = 4};
  for (uint32_t ttl = 2; ttl < 256; ++ttl) {
    ChecksumDelta delta;
    delta.Replace(1, 3);
    delta.Replace(2, 4);
    const auto word = static_cast<uint16_t>(ttl << 8 | 17);
    delta.Replace16(word, static_cast<uint16_t>(word - 0x0100));
    EXPECT_EQ(MakeRewrite<Ipv4>(tuple, to).header_sum, delta.Folded()) << ttl;
  }
}

// What the two sums of an IPv6 packet's change come to, word by word of 16 bits.
TEST(RewriteTest, AnIpv6HeaderHasNoSum) {
  std::mt19937_64 random = TestRandom();
  for (int i = 0; i < 1000; ++i) {
    const auto address = [&] { return Bits128{.low = random(), .high = random()}; };
    const TupleIpv6 tuple{.source_address = address(),
                          .destination_address = address(),
                          .source_port = static_cast<uint16_t>(random()),
                          .destination_port = static_cast<uint16_t>(random())};
    const TranslationIpv6 to{.new_source_address = address(),
                             .new_destination_address = address(),
                             .new_source_port = static_cast<uint16_t>(random()),
                             .new_destination_port = static_cast<uint16_t>(random())};
    ChecksumDelta delta;
    const auto replace = [&](const Bits128& removed, const Bits128& added) {
      for (int shift = 0; shift < 64; shift += 16) {
        delta.Replace16(static_cast<uint16_t>(removed.low >> shift),
                        static_cast<uint16_t>(added.low >> shift));
        delta.Replace16(static_cast<uint16_t>(removed.high >> shift),
                        static_cast<uint16_t>(added.high >> shift));
      }
    };
    replace(tuple.source_address, to.new_source_address);
    replace(tuple.destination_address, to.new_destination_address);
    delta.Replace16(tuple.source_port, to.new_source_port);
    delta.Replace16(tuple.destination_port, to.new_destination_port);
    const RewriteAs<Ipv6> rewrite = MakeRewrite<Ipv6>(tuple, to);
    EXPECT_EQ(rewrite.transport_sum, delta.Folded());
    EXPECT_EQ(rewrite.header_sum, 0);
  }
}

}  // namespace
}  // namespace pointsman
