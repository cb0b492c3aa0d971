#include "tests/bench/load.h"

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "flow_tables/hash.h"
#include "flow_tables/placement.h"

namespace pointsman {
namespace {

constexpr uint64_t kSeeds = 20;
constexpr uint32_t kNodeAddress = 0xc0a80002;
constexpr uint32_t kServices = 0x0a600000;
constexpr uint32_t kPods = 0x0af40000;

Tuple TcpTuple(uint32_t source, uint32_t source_port, uint32_t destination, uint16_t port) {
  return {.source_address = source,
          .destination_address = destination,
          .source_port = static_cast<uint16_t>(source_port),
          .destination_port = port,
          .protocol = static_cast<uint8_t>(Protocol::kTcp)};
}

uint32_t Scrambled(uint32_t i) { return static_cast<uint32_t>(std::mt19937_64(i)()); }

// Key i of a pattern; no two are the same.
using Pattern = Tuple (*)(uint32_t i);
constexpr std::array<Pattern, 5> kPatterns = {
    // Clients anywhere, odd multiples of a number: each once.
    +[](uint32_t i) { return TcpTuple(i * 0x9e3779b1, Scrambled(i), kServices + 10, 443); },
    // One client counts its ports, Service by Service.
    +[](uint32_t i) { return TcpTuple(0xcb007107, 1024 + i % 60'000, kServices + i / 60'000, 80); },
    // A network of clients with one port.
    +[](uint32_t i) { return TcpTuple(0x0a000000 + i, 40'000, kServices + 10, 443); },
    // 110 pods and 32 Services.
    +[](uint32_t i) {
      return TcpTuple(kPods + i % 110, 32'768 + i / 110 / 32, kServices + i / 110 % 32, 80);
    },
    // Replies to a node that masquerades.
    +[](uint32_t i) {
      return TcpTuple(kPods + i / 16'384, 8080, kNodeAddress, 49'152 + i % 16'384);
    },
};

uint32_t KeysUntilOverflow(const TabulationHash& hash, Pattern pattern) {
  const BucketGeometry geometry = ConnectionGeometry(kLoadRows);
  std::array<std::vector<uint8_t>, kPlacementBanks> used;
  for (auto& bank : used) bank.resize(geometry.buckets);
  for (uint32_t keys = 0;; ++keys) {
    const HashPair hashes = hash.Hash(pattern(keys));
    uint8_t& first = used[0][hashes.first & (geometry.buckets - 1)];
    uint8_t& second = used[1][hashes.second & (geometry.buckets - 1)];
    uint8_t& emptier = second < first ? second : first;
    if (emptier == geometry.ways) return keys;
    ++emptier;
  }
}

// Frontends of random addresses and ports.
uint32_t FrontendsUntilNoRoom(uint64_t seed) {
  const BucketGeometry geometry = FrontendGeometry(kLoadRows);
  std::vector<std::optional<HashPair>> rows(kLoadRows);
  const auto occupant = [&rows](uint32_t row) { return rows[row]; };
  std::mt19937 random(seed);
  for (uint32_t frontends = 0;; ++frontends) {
    const HashPair hashes = FrontendHashes(Ipv4Address{static_cast<uint32_t>(random())},
                                           static_cast<uint16_t>(random()),
                                           random() % 2 == 0 ? Protocol::kTcp : Protocol::kUdp);
    const std::optional<Room> room = FindRoom(geometry, hashes, occupant);
    if (!room) return frontends;
    for (const Displacement& move : room->displacements) {
      rows[move.to] = std::exchange(rows[move.from], std::nullopt);
    }
    rows[room->row] = hashes;
  }
}

}  // namespace

double FirstOverflowLoad() {
  uint32_t fewest = kLoadRows;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const TabulationHash hash(seed);
    for (const Pattern pattern : kPatterns) {
      fewest = std::min(fewest, KeysUntilOverflow(hash, pattern));
    }
  }
  return fewest / double{kLoadRows};
}

double DisplacedLoad() {
  uint32_t fewest = kLoadRows;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    fewest = std::min(fewest, FrontendsUntilNoRoom(seed));
  }
  return fewest / double{kLoadRows};
}

}  // namespace pointsman
