#include "flow_tables/maglev.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace pointsman {
namespace {

constexpr size_t kSlotsPerEndpoint = 64;
constexpr size_t kRunSlotsMin = 256;
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

}  // namespace

int RunSlotsLog2(size_t endpoints) {
  if (endpoints == 1) return 0;
  const size_t slots = std::max(kRunSlotsMin, std::bit_ceil(endpoints * kSlotsPerEndpoint));
  return std::min(kRunSlotsLog2Max, std::countr_zero(slots));
}

std::vector<uint32_t> MaglevSlots(std::span<const MaglevIdentity> endpoints, int slots_log2) {
  const size_t size = size_t{1} << slots_log2;
  std::vector<uint32_t> slots(size, kUnclaimed);
  std::vector<Walk> walks(endpoints.begin(), endpoints.end());
  uint32_t turn = 0;
  for (size_t claimed = 0; claimed < size; ++claimed) {
    Walk& walk = walks[turn];
    while (slots[walk.next & (size - 1)] != kUnclaimed) walk.next += walk.skip;
    slots[walk.next & (size - 1)] = turn;
    turn = turn + 1 == walks.size() ? 0 : turn + 1;
  }
  return slots;
}

}  // namespace pointsman
