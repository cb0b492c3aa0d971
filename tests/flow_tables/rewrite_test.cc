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
    EXPECT_EQ(MakeRewrite(tuple, to).header_sum, delta.Folded()) << ttl;
  }
}

}  // namespace
}  // namespace pointsman
