#include "flow_tables/source_ranges.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

// The longest prefix by looking at every row; of equals, the first.
Client FindByScan(const std::vector<SourceRow>& rows, uint32_t address) {
  Client best;
  int best_length = -1;
  for (const SourceRow& row : rows) {
    const uint32_t mask = row.prefix_length == 0 ? 0 : ~uint32_t{0} << (32 - row.prefix_length);
    if (!row.valid || row.prefix_length <= best_length || ((row.address ^ address) & mask) != 0) {
      continue;
    }
    best_length = row.prefix_length;
    best = {.client_class = row.client_class, .next_hop = row.next_hop};
  }
  return best;
}

TEST(SourceRangesTest, NoRowsMeansOutside) {
  const std::vector<SourceRow> rows(64);
  EXPECT_EQ(SourceRanges(rows).Find(0x0a000001), Client{});
}

TEST(SourceRangesTest, FindsWhatAScanFinds) {
  std::mt19937_64 random = TestRandom();
  for (int round = 0; round < 500; ++round) {
    std::vector<SourceRow> rows(Below(random, 64));
    for (SourceRow& row : rows) {
      // Few bits differ, so that prefixes nest; both ends of the address space come up.
      const uint32_t ends = Below(random, 2) == 0 ? 0 : 0xffffff00;
      row = {.valid = Below(random, 8) != 0,
             .address = ends ^ (Below(random, 16) << 28 | Below(random, 16)),
             .prefix_length = static_cast<uint8_t>(Below(random, 33)),
             .client_class = static_cast<ClientClass>(Below(random, 3)),
             .next_hop = static_cast<uint16_t>(Below(random, 4096))};
    }
    const SourceRanges ranges(rows);
    for (int i = 0; i < 200; ++i) {
      const uint32_t ends = Below(random, 2) == 0 ? 0 : 0xffffff00;
      const uint32_t address = ends ^ (Below(random, 16) << 28 | Below(random, 32));
      ASSERT_EQ(ranges.Find(address), FindByScan(rows, address)) << std::hex << address;
    }
  }
}

}  // namespace
}  // namespace pointsman
