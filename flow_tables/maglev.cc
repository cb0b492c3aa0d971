#include "flow_tables/maglev.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <queue>

namespace pointsman {
namespace {

constexpr uint32_t kUnclaimed = std::numeric_limits<uint32_t>::max();

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

uint64_t IdentityBits(const MaglevIdentity& identity) {
  const Address& address = identity.address;
  if (address.is_v4()) return uint64_t{address.v4().value} << 16 | identity.port;
  return Mix(Mix(address.high()) ^ address.low()) ^ identity.port;
}

// An endpoint's walk over the slots: next, next + skip, ... modulo the run's length.
struct Walk {
  explicit Walk(const MaglevIdentity& identity) {
    const uint64_t hash = Mix(IdentityBits(identity));
    next = static_cast<uint32_t>(hash);
    skip = static_cast<uint32_t>(hash >> 32) | 1;
  }
  uint32_t next;
  uint32_t skip;
};

// Whose turn it is to claim a slot: who has the fewest for its weight, the first of equals. With
// equal weights that is one after another.
class Turns {
 public:
  explicit Turns(std::span<const MaglevIdentity> endpoints) {
    for (uint32_t i = 0; i < endpoints.size(); ++i) {
      if (endpoints[i].weight != 0) waiting_.push({1, endpoints[i].weight, i});
    }
  }

  uint32_t Next() {
    Turn turn = waiting_.top();
    waiting_.pop();
    const uint32_t endpoint = turn.endpoint;
    ++turn.number;
    waiting_.push(turn);
    return endpoint;
  }

 private:
  struct Turn {
    uint64_t number;
    uint64_t weight;
    uint32_t endpoint;
    // Later than the other.
    bool operator<(const Turn& other) const {
      const uint64_t mine = number * other.weight, others = other.number * weight;
      return mine != others ? mine > others : endpoint > other.endpoint;
    }
  };
  std::priority_queue<Turn> waiting_;
};

}  // namespace

int RunSlotsLog2(size_t endpoints, uint32_t density) {
  if (endpoints == 1) return 0;
  return std::min(kRunSlotsLog2Max, std::countr_zero(std::bit_ceil(endpoints * density)));
}

uint32_t ChooseDensity(std::span<const size_t> set_sizes, uint32_t slots) {
  for (uint32_t density = kFullDensity; density > 1; density /= 2) {
    uint64_t taken = 0;
    for (const size_t size : set_sizes) taken += uint64_t{1} << RunSlotsLog2(size, density);
    if (taken <= slots / 2) return density;
  }
  return 1;
}

std::vector<uint32_t> MaglevSlots(std::span<const MaglevIdentity> endpoints, int slots_log2) {
  const size_t size = size_t{1} << slots_log2;
  std::vector<uint32_t> slots(size, kUnclaimed);
  std::vector<Walk> walks(endpoints.begin(), endpoints.end());
  const auto claim = [&](uint32_t endpoint) {
    Walk& walk = walks[endpoint];
    while (slots[walk.next & (size - 1)] != kUnclaimed) walk.next += walk.skip;
    slots[walk.next & (size - 1)] = endpoint;
  };
  Turns turns(endpoints);
  for (size_t claimed = 0; claimed < size; ++claimed) claim(turns.Next());
  return slots;
}

}  // namespace pointsman
