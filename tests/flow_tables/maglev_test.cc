#include "flow_tables/maglev.h"

#include <algorithm>
#include <iostream>
#include <random>

#include "flow_tables/hash.h"
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
                        {2, 10},
                        {4, 11},
                        {5, 12},
                        {8, 12},
                        {9, 13},
                        {100, 16},
                        {1024, 16},
                        {65536, 16}}) {
    EXPECT_EQ(RunSlotsLog2(c.endpoints), c.log2) << c.endpoints;
  }
}

TEST(RunSlotsLog2, ShrinksWithTheDensity) {
  EXPECT_EQ(RunSlotsLog2(10, 64), 10);
  EXPECT_EQ(RunSlotsLog2(10, 1), 4);
  EXPECT_EQ(RunSlotsLog2(1, 1), 0);
}

TEST(ChooseDensity, RunsTakeAtMostHalfOfTheSlots) {
  const struct {
    size_t sets;
    size_t endpoints;
    uint32_t slots;
    uint32_t density;
  } cases[] = {{0, 0, 65536, 512},      {1, 10, 65536, 512},     {12, 3, 65536, 512},
               {100, 10, 65536, 16},    {1000, 10, 65536, 2},    {1000, 10, 1 << 20, 32},
               {10000, 10, 1 << 20, 2}, {128, 10, 1 << 20, 256}, {8, 1, 16, 512}};
  for (const auto& c : cases) {
    EXPECT_EQ(ChooseDensity({{c.endpoints, c.sets}}, c.slots), c.density)
        << c.sets << " sets of " << c.endpoints << ", " << c.slots << " slots";
  }
}

// A million flows cannot tell the shares from equal ones: chi-square below what one run in a
// thousand exceeds.
TEST(Maglev, FlowsAreEvenOverEndpoints) {
  constexpr int kFlows = 1'000'000;
  const struct {
    uint32_t endpoints;
    double bound;  // of the chi-square distribution with one degree of freedom less, p = 0.001
  } cases[] = {{2, 10.8}, {3, 13.8}, {10, 27.9}, {97, 142.4}};
  for (const auto& c : cases) {
    const auto slots = MaglevSlots(Pods(c.endpoints), RunSlotsLog2(c.endpoints));
    std::mt19937_64 random(c.endpoints);
    std::vector<int> met(c.endpoints);
    for (int i = 0; i < kFlows; ++i) {
      const Tuple flow{.source_address = static_cast<uint32_t>(random()),
                       .destination_address = 0x0a60000a,
                       .source_port = static_cast<uint16_t>(random()),
                       .destination_port = 80,
                       .protocol = 6};
      ++met[slots[SlotHash(flow, 0) & (slots.size() - 1)]];
    }
    double chi_square = 0;
    const double expected = double{kFlows} / c.endpoints;
    for (const int count : met) chi_square += (count - expected) * (count - expected) / expected;
    std::cout << c.endpoints << " endpoints: chi-square " << chi_square << "\n";
    EXPECT_LT(chi_square, c.bound) << c.endpoints;
  }
}

// One client's ports in a row, which is what a busy client sends, are as even as slots are.
TEST(Maglev, ConsecutivePortsAreEven) {
  for (const uint32_t count : {2u, 3u, 10u}) {
    const auto slots = MaglevSlots(Pods(count), RunSlotsLog2(count));
    std::vector<int> met(count);
    for (uint32_t port = 1024; port < 65536; ++port) {
      const Tuple flow{.source_address = 0x0a000001,
                       .destination_address = 0x0a60000a,
                       .source_port = static_cast<uint16_t>(port),
                       .destination_port = 80,
                       .protocol = 6};
      ++met[slots[SlotHash(flow, 0) & (slots.size() - 1)]];
    }
    const auto [least, most] = std::ranges::minmax(met);
    EXPECT_LT(most - least, 0.04 * 64512 / count) << count;
  }
}

TEST(Maglev, SharesAreAsTheWeights) {
  std::vector<MaglevIdentity> pods = Pods(4);
  pods[0].weight = 0;
  pods[2].weight = 5;
  pods[3].weight = 10;
  std::vector<int> shares(4);
  for (const uint32_t index : MaglevSlots(pods, 12)) ++shares[index];
  EXPECT_EQ(shares[0], 0);
  EXPECT_NEAR(shares[1], 256, 1);
  EXPECT_NEAR(shares[2], 1280, 1);
  EXPECT_NEAR(shares[3], 2560, 1);
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
              testing::ElementsAre(0, 2, 0, 0, 0, 0, 1, 0));
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
    EXPECT_LT(worst, 1.0) << count;
  }
}

TEST(Maglev, DoublingTheRunKeepsAboutHalf) {
  for (const uint32_t count : {4u, 16u, 64u}) {
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
