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

bool Contains(const AddressPrefix& outer, const AddressPrefix& inner) {
  return outer.length_bits <= inner.length_bits && outer.Contains(inner.address);
}

// In order.
std::vector<AddressPrefix> PrefixesIn(size_t place, const Image& image) {
  std::set<AddressPrefix> prefixes;
  for (const SourceRow& row : image.sources) {
    if (!row.valid || (row.range_sets >> place & 1) == 0) continue;
    prefixes.insert({Address::FromBits(row.address), row.prefix_length});
  }
  return {prefixes.begin(), prefixes.end()};
}

// Whether rows for the prefixes of one more set may be taken.
bool HasRoom(const std::vector<AddressPrefix>& set, const std::vector<Source>& sources,
             const Image& image) {
  std::set<AddressPrefix> prefixes(set.begin(), set.end());
  for (const Source& source : sources) prefixes.insert(source.prefix);
  for (const auto& held : image.range_sets) prefixes.insert(held.begin(), held.end());
  return prefixes.size() <= image.sizes.sources / 2;
}

}  // namespace

bool NeedsRangeSet(const Frontend& frontend) {
  return IsForCard(frontend) && !frontend.source_ranges.empty() && WhyHostDecides(frontend).empty();
}

// What the rows say counts: a card says nothing else, and a plan may have broken off.
RangeSets::RangeSets(ImageDraft& draft) : draft_(draft) {
  for (size_t place = 0; place < kRangeSets; ++place) {
    auto& set = draft.range_sets()[place];
    const std::vector<AddressPrefix> held = PrefixesIn(place, draft.image());
    const bool is_right =
        std::ranges::includes(held, set) && std::ranges::all_of(held, [&](const auto& prefix) {
          return std::ranges::any_of(set, [&](const auto& in) { return Contains(in, prefix); });
        });
    if (!is_right) set = held;
  }
}

uint8_t RangeSets::Acquire(const Frontend& frontend, const std::vector<Source>& sources) {
  if (!NeedsRangeSet(frontend)) return 0;
  const std::vector<AddressPrefix> set = SetOf(frontend);
  if (set.empty()) return 0;  // nobody of its family may use it: the host says so
  auto& sets = draft_.range_sets();
  auto place = std::ranges::find(sets, set);
  if (place == sets.end()) {
    place = std::ranges::find_if(sets, [](const auto& held) { return held.empty(); });
    if (place == sets.end() || !HasRoom(set, sources, draft_.image())) return 0;
    *place = set;
    changed_ = true;
  }
  const auto number = static_cast<uint8_t>(place - sets.begin() + 1);
  Use(number);
  return number;
}

void RangeSets::Settle() {
  for (size_t place = 0; place < kRangeSets; ++place) {
    auto& set = draft_.range_sets()[place];
    if (users_[place] != 0 || set.empty()) continue;
    set.clear();
    changed_ = true;
  }
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
