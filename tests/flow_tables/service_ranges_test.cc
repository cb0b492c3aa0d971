#include "flow_tables/service_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pointsman {
namespace {

bool Covers(const std::array<ServiceRange, kServiceRanges>& ranges, const Address& address) {
  return std::ranges::any_of(
      ranges, [&](const ServiceRange& range) { return range.Contains(address.bits()); });
}

Forwarding Wanted(std::vector<Address> cluster_ips, std::vector<AddressPrefix> ranges) {
  Forwarding wanted;
  wanted.cluster_ips = std::move(cluster_ips);
  wanted.service_ranges = std::move(ranges);
  return wanted;
}

ServiceRange Range(uint32_t address, uint8_t length) {
  const AddressPrefix prefix = Ipv4Prefix({address}, length);
  return {prefix.address.bits(), {.low = prefix.LowMask(), .high = prefix.HighMask()}};
}

Address Ip(uint32_t address) { return Ipv4Address{address}; }

TEST(CoveringRanges, NothingToCover) {
  for (const ServiceRange& range : CoveringRanges({})) EXPECT_EQ(range, ServiceRange{});
}

TEST(CoveringRanges, AsTheyAreWhileTheyAreFew) {
  const AddressPrefix six{Address::FromWords(0xfd00001000960000, 0), 112};
  const auto ranges =
      CoveringRanges(Wanted({Ip(0x0a600001), Ip(0xac1e0005)},
                            {Ipv4Prefix({0x0a600000}, 16), six, Ipv4Prefix({0xac320000}, 16)}));
  EXPECT_EQ(ranges[0], Range(0x0a600000, 16));
  EXPECT_EQ(ranges[1], Range(0xac1e0005, 32));
  EXPECT_EQ(ranges[2], Range(0xac320000, 16));
  EXPECT_EQ(ranges[3].address, six.address.bits());
  EXPECT_EQ(ranges[3].mask, (Bits128{.low = ~uint64_t{0xffff}, .high = ~uint64_t{0}}));
  for (size_t i = 4; i < kServiceRanges; ++i) EXPECT_EQ(ranges[i], ServiceRange{});
}

TEST(CoveringRanges, CutWhereNeighboursHaveTheLeastInCommon) {
  std::vector<Address> ips = {Ip(0x0a600001), Ip(0x0a600002), Ip(0x0a600103)};
  for (uint32_t first = 1; first < kServiceRanges; ++first) ips.push_back(Ip(first << 28));
  const auto ranges = CoveringRanges(Wanted(ips, {}));
  EXPECT_EQ(ranges[0], Range(0x0a600000, 23));
  for (uint32_t i = 1; i < kServiceRanges; ++i) EXPECT_EQ(ranges[i], Range(i << 28, 32));
}

TEST(CoveringRanges, CoverWhateverTheyAreGiven) {
  std::mt19937_64 random(3);
  const auto any_address = [&]() -> Address {
    const uint64_t low = random() >> (random() % 64);
    if (random() % 2 == 0) return Ipv4Address{static_cast<uint32_t>(low)};
    return Address::FromWords(random() >> (random() % 64), low);
  };
  for (int round = 0; round < 400; ++round) {
    std::vector<Address> ips;
    for (uint64_t count = 1 + random() % 50; count > 0; --count) ips.push_back(any_address());
    const auto length = static_cast<uint8_t>(8 + random() % 25);
    const auto first = static_cast<uint32_t>(random()) & ~uint32_t{0} << (32 - length);
    const auto ranges = CoveringRanges(Wanted(ips, {Ipv4Prefix({first}, length)}));
    for (const Address& ip : ips) EXPECT_TRUE(Covers(ranges, ip)) << Describe(ip);
    EXPECT_TRUE(Covers(ranges, Ip(first)));
    EXPECT_TRUE(Covers(ranges, Ip(first | ~(~uint32_t{0} << (32 - length)))));
  }
}

}  // namespace
}  // namespace pointsman
