#include "flow_tables/maglev.h"

#include <algorithm>
#include <iostream>
#include <random>

#include "gmock/gmock.h"

namespace pointsman {
namespace {

std::vector<MaglevIdentity> Pods(uint32_t count, uint32_t first = 0x0a010000) {
  std::vector<MaglevIdentity> pods;
  for (uint32_t i = 0; i < count; ++i) {
    pods.push_back({.address = Ipv4Address{first + i}, .port = 8080});
  }
  return pods;
}

std::vector<MaglevIdentity> Slots(const std::vector<MaglevIdentity>& endpoints) {
  std::vector<MaglevIdentity> slots;
  for (const uint32_t index : MaglevSlots(endpoints, RunSlotsLog2(endpoints.size()))) {
    slots.push_back(endpoints[index]);
  }
  return slots;
}

TEST(RunSlotsLog2, GrowsWithTheEndpoints) {
  struct Case {
    size_t endpoints;
    int log2;
  };
  for (const Case& c : {Case{1, 0},
                        {2, 8},
                        {4, 8},
                        {5, 9},
                        {8, 9},
                        {9, 10},
                        {100, 13},
                        {1024, 16},
                        {1025, 16},
                        {65536, 16}}) {
    EXPECT_EQ(RunSlotsLog2(c.endpoints), c.log2) << c.endpoints;
  }
}

TEST(Maglev, SharesDifferByAtMostOneSlot) {
  for (const uint32_t count : {1u, 2u, 3u, 7u, 10u, 100u, 1000u, 65536u}) {
    const auto slots = MaglevSlots(Pods(count), RunSlotsLog2(count));
    std::vector<int> shares(count);
    for (const uint32_t index : slots) {
      ASSERT_LT(index, count);
      ++shares[index];
    }
    const auto [least, most] = std::ranges::minmax(shares);
    EXPECT_LE(most - least, 1) << count;
    EXPECT_GE(least, 1) << count;
  }
}

// Every node of a cluster must agree, so a change of these numbers is a change of what is deployed.
TEST(Maglev, IsTheSameEverywhere) {
  const std::vector<uint32_t> slots = MaglevSlots(Pods(3), 8);
  EXPECT_THAT(std::vector<uint32_t>(slots.begin(), slots.begin() + 8),
              testing::ElementsAre(2, 1, 0, 1, 1, 0, 1, 2));
}

// Slots, in percent, that change hands between endpoints that stay when one is removed.
double NeedlessPercent(const std::vector<MaglevIdentity>& endpoints, size_t removed) {
  std::vector<MaglevIdentity> rest = endpoints;
  rest.erase(rest.begin() + static_cast<ptrdiff_t>(removed));
  const int log2 = RunSlotsLog2(endpoints.size());
  const auto before = MaglevSlots(endpoints, log2);
  const auto after = MaglevSlots(rest, log2);
  int moved = 0;
  for (size_t slot = 0; slot < before.size(); ++slot) {
    moved += before[slot] != removed && endpoints[before[slot]] != rest[after[slot]] ? 1 : 0;
  }
  return 100.0 * moved / static_cast<double>(before.size());
}

TEST(Maglev, RemovingOneEndpointMovesLittleElse) {
  for (const uint32_t count : {10u, 100u}) {
    double sum = 0;
    double worst = 0;
    for (uint32_t removed = 0; removed < 10; ++removed) {
      const double percent = NeedlessPercent(Pods(count, 0x0a010000 + removed * 0x10000), removed);
      sum += percent / 10;
      worst = std::max(worst, percent);
    }
    std::cout << "one of " << count << " endpoints goes: " << 100.0 / count
              << " % of the slots must move, besides " << sum << " % on average, " << worst
              << " % at worst\n";
    EXPECT_LT(sum, 3.5) << count;
    EXPECT_LT(worst, 7.5) << count;
  }
}

TEST(Maglev, DoublingTheRunKeepsAboutHalf) {
  for (const uint32_t count : {4u, 16u, 128u}) {
    const auto before = Slots(Pods(count));
    const auto after = Slots(Pods(count + 1));
    ASSERT_EQ(after.size(), 2 * before.size());
    int moved = 0;
    for (size_t slot = 0; slot < after.size(); ++slot) {
      moved += after[slot] != before[slot % before.size()] ? 1 : 0;
    }
    const double percent = 100.0 * moved / static_cast<double>(after.size());
    std::cout << count << " to " << count + 1 << " endpoints: " << percent << " % move\n";
    EXPECT_LT(percent, 62) << count;
  }
}

}  // namespace
}  // namespace pointsman
