#include "flow_tables/frontend_tags.h"

#include <gmock/gmock.h>

#include <bit>
#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

constexpr uint32_t kRows = 4096;

HashPair HashesOf(const FrontendRow& row) {
  return FrontendHashes(Address::FromBits(row.destination_address), row.destination_port,
                        Protocol{row.protocol});
}

TEST(FrontendTagsTest, CandidatesAreTheRowAndFewOthers) {
  std::mt19937_64 random = TestRandom();
  const BucketGeometry geometry = FrontendGeometry(kRows);
  std::vector<FrontendRow> rows(kRows);
  for (uint32_t i = 0; i < kRows; ++i) {
    const FrontendRow row{.valid = true,
                          .destination_address = {.low = random(), .high = random()},
                          .destination_port = static_cast<uint16_t>(random()),
                          .protocol = 6};
    const uint32_t at = geometry.FirstRow(i % kFrontendsBanks, HashesOf(row));
    rows[at + Below(random, kFrontendsWays)] = row;
  }
  const FrontendTags tags(rows);
  uint32_t valid = 0, candidates = 0;
  for (uint32_t at = 0; at < kRows; ++at) {
    if (!rows[at].valid) continue;
    ++valid;
    const HashPair hashes = HashesOf(rows[at]);
    bool found = false;
    for (uint32_t left = tags.Candidates(hashes); left != 0; left &= left - 1) {
      const uint32_t row = tags.RowOf(hashes, static_cast<uint32_t>(std::countr_zero(left)));
      ++candidates;
      found = found || row == at;
      EXPECT_TRUE(rows[row].valid);
    }
    EXPECT_TRUE(found);
  }
  EXPECT_LT(candidates, valid + valid / 10);
}

}  // namespace
}  // namespace pointsman
