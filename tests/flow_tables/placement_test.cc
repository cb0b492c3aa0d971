#include "flow_tables/placement.h"

#include <algorithm>
#include <functional>
#include <iostream>
#include <string>

#include "gmock/gmock.h"
#include "tests/flow_tables/random.h"

namespace pointsman {
namespace {

// A table that holds only the hashes of its keys.
class Table {
 public:
  explicit Table(const BucketGeometry& geometry)
      : geometry_(geometry), rows_(kPlacementBanks * geometry.buckets * geometry.ways) {}

  // Number of displacements, or nothing when there is no room.
  std::optional<size_t> Insert(const HashPair& key) {
    const auto room = FindRoom(geometry_, key, [this](uint32_t row) { return rows_[row]; });
    if (!room) return std::nullopt;
    for (const Displacement& move : room->displacements) {
      EXPECT_TRUE(rows_[move.from].has_value());
      EXPECT_FALSE(rows_[move.to].has_value());
      rows_[move.to] = rows_[move.from];
      rows_[move.from].reset();
    }
    EXPECT_FALSE(rows_[room->row].has_value());
    rows_[room->row] = key;
    return room->displacements.size();
  }

  void ExpectEveryKeyInItsBucket() const {
    for (uint32_t row = 0; row < rows_.size(); ++row) {
      if (!rows_[row]) continue;
      EXPECT_EQ(geometry_.FirstRow(geometry_.BankOf(row), *rows_[row]),
                row / geometry_.ways * geometry_.ways);
    }
  }
  size_t rows() const { return rows_.size(); }

 private:
  BucketGeometry geometry_;
  std::vector<std::optional<HashPair>> rows_;
};

// Shares of the rows that are taken.
struct Load {
  double first_overflow = 1;      // when a key first needs a displacement
  double after_displacement = 1;  // when there is no room at all
};

Load FillUp(uint32_t rows, const std::function<HashPair(uint32_t)>& key) {
  Table table(FrontendGeometry(rows));
  Load load;
  for (uint32_t i = 0; i < rows; ++i) {
    const double share = static_cast<double>(i) / rows;
    const auto moves = table.Insert(key(i));
    if (!moves || *moves > 0) load.first_overflow = std::min(load.first_overflow, share);
    if (!moves) {
      load.after_displacement = share;
      break;
    }
  }
  table.ExpectEveryKeyInItsBucket();
  return load;
}

struct Pattern {
  std::string name;
  std::function<HashPair(uint32_t)> key;
  double least_load = 0.95;
};

// A CRC is linear: of addresses that count up a bank's hash may reach only half of the buckets, and
// then three quarters of the table is all there is.
constexpr double kHalfOfOneBankUnreached = 0.75;

std::vector<Pattern> FrontendPatterns(std::mt19937_64& random) {
  const auto hash = [](uint32_t address, uint32_t port) {
    return FrontendHashes(Ipv4Address{address}, static_cast<uint16_t>(port), Protocol::kTcp);
  };
  return {
      {"random addresses and ports",
       [=, &random](uint32_t) { return hash(Below(random, ~0u), Below(random, 65536)); }},
      {"cluster IPs in a row, port 80", [=](uint32_t i) { return hash(0x0a600000 + i, 80); },
       kHalfOfOneBankUnreached},
      {"node ports in a row", [=](uint32_t i) { return hash(0xc0a80001, i); }},
      {"four ports an address", [=](uint32_t i) { return hash(0x0a600000 + i / 4, 8080 + i % 4); }},
      {"every 256th address", [=](uint32_t i) { return hash(0x0a000000 + i * 256, 443); },
       kHalfOfOneBankUnreached},
  };
}

std::vector<Pattern> ConnectionPatterns(std::mt19937_64& random) {
  const auto hash = [tabulation = TabulationHash(random())](uint32_t source, uint32_t port) {
    return tabulation.Hash(Tuple{.source_address = source,
                                 .destination_address = 0x0a600001,
                                 .source_port = static_cast<uint16_t>(port),
                                 .destination_port = 80,
                                 .protocol = 6});
  };
  return {
      {"random clients",
       [=, &random](uint32_t) { return hash(Below(random, ~0u), Below(random, 65536)); }},
      {"one client's ports in a row", [=](uint32_t i) { return hash(0x0a010203, i); }},
      {"clients in a row", [=](uint32_t i) { return hash(0x0a010000 + i, 40000); }},
  };
}

void ExpectLoads(uint32_t rows, const std::vector<Pattern>& patterns) {
  for (const Pattern& pattern : patterns) {
    const Load load = FillUp(rows, pattern.key);
    std::cout << rows << " rows, " << pattern.name << ": first overflow at "
              << 100 * load.first_overflow << " %, full at " << 100 * load.after_displacement
              << " %\n";
    EXPECT_GE(load.after_displacement, pattern.least_load) << pattern.name;
  }
}

TEST(Placement, FrontendsFillTheTableAsFarAsTheyShould) {
  std::mt19937_64 random = TestRandom();
  const auto patterns = FrontendPatterns(random);
  for (const uint32_t rows : {kSimSizes.frontends, kAlveoU250Sizes.frontends}) {
    ExpectLoads(rows, patterns);
  }
}

TEST(Placement, ConnectionsFillTheTableAsFarAsTheyShould) {
  std::mt19937_64 random = TestRandom();
  ExpectLoads(kSimSizes.originals, ConnectionPatterns(random));
}

TEST(Placement, PrefersTheEmptierBucket) {
  const BucketGeometry geometry{.buckets = 4, .ways = 4};
  Table table(geometry);
  EXPECT_EQ(table.Insert({.first = 0, .second = 0}), 0u);
  const auto occupied = [](uint32_t row) -> std::optional<HashPair> {
    return row < 3 ? std::optional<HashPair>(HashPair{}) : std::nullopt;
  };
  const auto room = FindRoom(geometry, {.first = 0, .second = 0}, occupied);
  ASSERT_TRUE(room.has_value());
  EXPECT_EQ(room->row, 16u);
}

TEST(Placement, SaysWhenThereIsNoRoom) {
  Table table({.buckets = 4, .ways = 4});
  const HashPair key{.first = 1, .second = 2};
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(table.Insert(key).has_value()) << i;
  EXPECT_FALSE(table.Insert(key).has_value());
}

TEST(Placement, MovesAKeyToItsOtherBucket) {
  Table table({.buckets = 4, .ways = 1});
  EXPECT_EQ(table.Insert({.first = 0, .second = 0}), 0u);
  EXPECT_EQ(table.Insert({.first = 1, .second = 0}), 0u);
  EXPECT_EQ(table.Insert({.first = 1, .second = 1}), 0u);
  EXPECT_EQ(table.Insert({.first = 1, .second = 2}), 0u);
  EXPECT_GT(table.Insert({.first = 1, .second = 1}).value_or(0), 0u);
  table.ExpectEveryKeyInItsBucket();
}

}  // namespace
}  // namespace pointsman
