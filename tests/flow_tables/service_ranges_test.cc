#include "flow_tables/service_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pointsman {
namespace {

bool Covers(const std::array<ServiceRange, kServiceRanges>& ranges, uint32_t address) {
  for (const ServiceRange& range : ranges) {
    if (range.mask != 0 && (address & range.mask) == range.address) return true;
  }
  return false;
}

Forwarding Wanted(std::vector<uint32_t> cluster_ips, std::vector<AddressPrefix> ranges) {
  Forwarding wanted;
  for (const uint32_t ip : cluster_ips) wanted.cluster_ips.emplace_back(Ipv4Address{ip});
  wanted.service_ranges = std::move(ranges);
  return wanted;
}

TEST(CoveringRanges, NothingToCover) {
  Forwarding wanted;
  wanted.service_ranges = {{Address::FromWords(0xfd00000000000000, 0), 8}};
  for (const ServiceRange& range : CoveringRanges(wanted)) EXPECT_EQ(range, ServiceRange{});
}

TEST(CoveringRanges, AsTheyAreWhileTheyAreFew) {
  const auto ranges = CoveringRanges(Wanted(
      {0x0a600001, 0xac1e0005}, {Ipv4Prefix({0x0a600000}, 16), Ipv4Prefix({0xac320000}, 16)}));
  EXPECT_EQ(ranges[0], (ServiceRange{0x0a600000, 0xffff0000}));
  EXPECT_EQ(ranges[1], (ServiceRange{0xac1e0005, 0xffffffff}));
  EXPECT_EQ(ranges[2], (ServiceRange{0xac320000, 0xffff0000}));
  EXPECT_EQ(ranges[3], ServiceRange{});
}

TEST(CoveringRanges, CutWhereNeighboursHaveTheLeastInCommon) {
  const auto ranges = CoveringRanges(
      Wanted({0x0a600001, 0x0a600002, 0x0a600103, 0x0a700001, 0x14000001, 0xac1e0001}, {}));
  EXPECT_EQ(ranges[0], (ServiceRange{0x0a600000, 0xfffffe00}));
  EXPECT_EQ(ranges[1], (ServiceRange{0x0a700001, 0xffffffff}));
  EXPECT_EQ(ranges[2], (ServiceRange{0x14000001, 0xffffffff}));
  EXPECT_EQ(ranges[3], (ServiceRange{0xac1e0001, 0xffffffff}));
}

TEST(CoveringRanges, CoverWhateverTheyAreGiven) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> ips(1 + random() % 50);
    for (uint32_t& ip : ips) ip = static_cast<uint32_t>(random() >> (random() % 24));
    const auto length = static_cast<uint8_t>(8 + random() % 25);
    const auto first = static_cast<uint32_t>(random()) & ~uint32_t{0} << (32 - length);
    const auto ranges = CoveringRanges(Wanted(ips, {Ipv4Prefix({first}, length)}));
    for (const uint32_t ip : ips) EXPECT_TRUE(Covers(ranges, ip)) << std::hex << ip;
    EXPECT_TRUE(Covers(ranges, first));
    EXPECT_TRUE(Covers(ranges, first | ~(~uint32_t{0} << (32 - length))));
  }
}

}  // namespace
}  // namespace pointsman
