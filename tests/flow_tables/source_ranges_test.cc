#include "flow_tables/source_ranges.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

// The longest prefix by looking at every row; of equals, the first.
Client FindByScan(const std::vector<SourceRow>& rows, const Address& address) {
  Client best;
  int best_length = -1;
  for (const SourceRow& row : rows) {
    const AddressPrefix prefix{Address::FromBits(row.address), row.prefix_length};
    if (!row.valid || row.prefix_length <= best_length || !prefix.Contains(address)) continue;
    best_length = row.prefix_length;
    best = {.client_class = row.client_class, .next_hop = row.next_hop};
  }
  return best;
}

// Few bits differ, so that prefixes nest; both ends of the address spaces come up, and what lies
// beside IPv4.
Address RandomAddress(std::mt19937_64& random) {
  const uint64_t ends = Below(random, 2) == 0 ? 0 : ~uint64_t{0xff};
  const auto few = [&] { return uint64_t{Below(random, 4)} << 60 | Below(random, 16); };
  switch (Below(random, 3)) {
    case 0:
      return Address::FromWords(ends ^ few(), ends ^ few());
    case 1:
      return Address::FromWords(0, uint64_t{0xfffe + Below(random, 3)} << 32 | Below(random, 16));
    default:
      return Ipv4Address{static_cast<uint32_t>(ends ^ (Below(random, 16) << 28) ^ few())};
  }
}

TEST(SourceRangesTest, NoRowsMeansOutside) {
  const std::vector<SourceRow> rows(64);
  EXPECT_EQ(SourceRanges(rows).Find(0x0a000001), Client{});
  EXPECT_EQ(SourceRanges(rows).Find(Bits128{.low = 1, .high = 2}), Client{});
}

TEST(SourceRangesTest, FindsWhatAScanFinds) {
  std::mt19937_64 random = TestRandom();
  for (int round = 0; round < 500; ++round) {
    std::vector<SourceRow> rows(Below(random, 64));
    for (SourceRow& row : rows) {
      const uint32_t least = Below(random, 4) == 0 ? 0 : 90;
      row = {.valid = Below(random, 8) != 0,
             .address = RandomAddress(random).bits(),
             .prefix_length = static_cast<uint8_t>(least + Below(random, 129 - least)),
             .client_class = static_cast<ClientClass>(Below(random, 3)),
             .next_hop = static_cast<uint16_t>(Below(random, 4096))};
    }
    const SourceRanges ranges(rows);
    for (int i = 0; i < 200; ++i) {
      const Address address = RandomAddress(random);
      const Client expected = FindByScan(rows, address);
      ASSERT_EQ(ranges.Find(address.bits()), expected) << Describe(address);
      if (address.is_v4()) {
        ASSERT_EQ(ranges.Find(address.v4().value), expected);
      }
    }
  }
}

// ::/0 holds every address there is; a prefix beside IPv4 holds none of IPv4's.
TEST(SourceRangesTest, PrefixesAroundIpv4HoldIt) {
  const auto row = [](const Address& address, uint8_t length, uint16_t next_hop) {
    return SourceRow{
        .valid = true, .address = address.bits(), .prefix_length = length, .next_hop = next_hop};
  };
  const Address zero = Address::FromWords(0, 0);
  const std::vector<SourceRow> rows = {row(zero, 0, 1), row(zero, 64, 2),
                                       row(Address::FromWords(0, 0xfffe00000000), 96, 3),
                                       row(Ipv4Address{0x0a000000}, 104, 4)};
  const SourceRanges ranges(rows);
  EXPECT_EQ(ranges.Find(0x0b000000).next_hop, 2);
  EXPECT_EQ(ranges.Find(0x0affffff).next_hop, 4);
  EXPECT_EQ(ranges.Find(Bits128{.low = 0xfffe00000001, .high = 0}).next_hop, 3);
  EXPECT_EQ(ranges.Find(Bits128{.low = 0, .high = 1}).next_hop, 1);
}

}  // namespace
}  // namespace pointsman
