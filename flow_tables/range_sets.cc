#include "flow_tables/range_sets.h"

#include <algorithm>
#include <set>

namespace pointsman {
namespace {

// What a client of the frontend's family can be in, in order.
std::vector<AddressPrefix> SetOf(const Frontend& frontend) {
  std::set<AddressPrefix> prefixes;
  for (const AddressPrefix& range : frontend.source_ranges) {
    const bool v4 = range.address.is_v4() && range.length_bits >= kIpv4PrefixBits;
    if (v4 == frontend.address.is_v4()) prefixes.insert(range);
  }
  return {prefixes.begin(), prefixes.end()};
}

bool NeedsSet(const Frontend& frontend) {
  return IsForCard(frontend) && !frontend.source_ranges.empty() && WhyHostDecides(frontend).empty();
}

bool Contains(const AddressPrefix& outer, const AddressPrefix& inner) {
  return outer.length_bits <= inner.length_bits && outer.Contains(inner.address);
}

bool Uses(const Image& image, size_t place) {
  return std::ranges::any_of(image.frontends, [place](const FrontendRow& row) {
    return row.valid && row.range_set == place + 1;
  });
}

// Prefixes that rows are needed for.
class Room {
 public:
  Room(const Forwarding& wanted, const Image& image) : most_(image.sizes.sources / 2) {
    for (const Source& source : wanted.sources) prefixes_.insert(source.prefix);
    for (const auto& set : image.range_sets) prefixes_.insert(set.begin(), set.end());
  }
  // Takes the room for a set; false: there is none.
  bool Take(const std::vector<AddressPrefix>& set) {
    std::set<AddressPrefix> with = prefixes_;
    with.insert(set.begin(), set.end());
    if (with.size() > most_) return false;
    prefixes_ = std::move(with);
    return true;
  }

 private:
  const size_t most_;
  std::set<AddressPrefix> prefixes_;
};

}  // namespace

void NumberRangeSets(const Forwarding& wanted, const Image& previous, Image& image) {
  std::set<std::vector<AddressPrefix>> needed;
  for (const Frontend& frontend : wanted.frontends) {
    if (!NeedsSet(frontend)) continue;
    // Nobody of its family may use it: the host says so.
    if (auto set = SetOf(frontend); !set.empty()) needed.insert(std::move(set));
  }
  for (size_t place = 0; place < kRangeSets; ++place) {
    const auto& held = previous.range_sets[place];
    if (held.empty()) continue;
    if (needed.erase(held) != 0 || Uses(previous, place)) image.range_sets[place] = held;
  }
  Room room(wanted, image);
  for (const std::vector<AddressPrefix>& set : needed) {
    const auto free =
        std::ranges::find_if(image.range_sets, [](const auto& s) { return s.empty(); });
    if (free == image.range_sets.end()) return;
    if (room.Take(set)) *free = set;
  }
}

uint8_t RangeSetOf(const Frontend& frontend, const Image& image) {
  if (!NeedsSet(frontend)) return 0;
  const std::vector<AddressPrefix> set = SetOf(frontend);
  const auto found = std::ranges::find(image.range_sets, set);
  if (set.empty() || found == image.range_sets.end()) return 0;
  return static_cast<uint8_t>(found - image.range_sets.begin() + 1);
}

std::vector<Source> SourcesWithRanges(const Forwarding& wanted, const Image& image) {
  std::vector<Source> sources = wanted.sources;
  std::set<AddressPrefix> ranges;
  for (const auto& set : image.range_sets) ranges.insert(set.begin(), set.end());
  for (const Source& source : sources) ranges.erase(source.prefix);
  const size_t classes = sources.size();
  for (const AddressPrefix& range : ranges) {
    Source inherited{range, ClientClass::kOutside, wanted.gateway};
    uint8_t longest = 0;
    for (size_t i = 0; i < classes; ++i) {
      const Source& around = sources[i];
      if (!Contains(around.prefix, range) || around.prefix.length_bits < longest) continue;
      longest = around.prefix.length_bits;
      inherited = {range, around.client_class, around.next_hop};
    }
    sources.push_back(inherited);
  }
  return sources;
}

uint32_t RangeSetsOf(const AddressPrefix& prefix, const Image& image) {
  uint32_t sets = 0;
  for (size_t place = 0; place < kRangeSets; ++place) {
    const bool inside =
        std::ranges::any_of(image.range_sets[place],
                            [&](const AddressPrefix& range) { return Contains(range, prefix); });
    if (inside) sets |= uint32_t{1} << place;
  }
  return sets;
}

}  // namespace pointsman
