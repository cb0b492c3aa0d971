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

// An endpoint's walk over the slots, each once, in an order of its own: a linear congruential
// sequence of full period (Hull and Dobell, SIAM Review 4, 1962). Modulo half the slots it is the
// walk over those, so that a run that doubles keeps much of what it was.
class Walk {
 public:
  Walk(const MaglevIdentity& identity, int slots_log2) : mask_((uint32_t{1} << slots_log2) - 1) {
    const uint64_t hash = Mix(IdentityBits(identity));
    const uint64_t more = Mix(hash);
    at_ = static_cast<uint32_t>(hash);
    multiplier_ = (static_cast<uint32_t>(hash >> 32) & ~uint32_t{7}) | 5;
    increment_ = static_cast<uint32_t>(more) | 1;
  }

  uint32_t Next() {
    at_ = at_ * multiplier_ + increment_;
    return at_ & mask_;
  }

 private:
  uint32_t mask_;
  uint32_t at_;
  uint32_t multiplier_;  // 5 modulo 8
  uint32_t increment_;   // odd
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

uint32_t ChooseDensity(const std::map<size_t, size_t>& sets_by_size, uint32_t slots) {
  for (uint32_t density = kFullDensity; density > 1; density /= 2) {
    uint64_t taken = 0;
    for (const auto& [size, sets] : sets_by_size) {
      taken += uint64_t{sets} << RunSlotsLog2(size, density);
    }
    if (taken <= slots / 2) return density;
  }
  return 1;
}

std::vector<uint32_t> MaglevSlots(std::span<const MaglevIdentity> endpoints, int slots_log2) {
  const size_t size = size_t{1} << slots_log2;
  std::vector<uint32_t> slots(size, kUnclaimed);
  std::vector<Walk> walks;
  walks.reserve(endpoints.size());
  for (const MaglevIdentity& identity : endpoints) walks.emplace_back(identity, slots_log2);
  const auto claim = [&](uint32_t endpoint) {
    uint32_t slot = walks[endpoint].Next();
    while (slots[slot] != kUnclaimed) slot = walks[endpoint].Next();
    slots[slot] = endpoint;
  };
  const auto weighs_one = [](const MaglevIdentity& endpoint) { return endpoint.weight == 1; };
  if (std::ranges::all_of(endpoints, weighs_one)) {  // what Turns would do, without its queue
    for (size_t claimed = 0; claimed < size; ++claimed) claim(claimed % endpoints.size());
    return slots;
  }
  Turns turns(endpoints);
  for (size_t claimed = 0; claimed < size; ++claimed) claim(turns.Next());
  return slots;
}

}  // namespace pointsman
