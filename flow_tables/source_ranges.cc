#include "flow_tables/source_ranges.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace pointsman {
namespace {

constexpr uint64_t kAddressEnd = uint64_t{1} << 32;

struct Prefix {
  uint64_t first = 0;
  uint64_t end = 0;  // one behind the last address
  Client client;
};

Prefix ToPrefix(const SourceRow& row) {
  const uint64_t size = kAddressEnd >> std::min<uint32_t>(row.prefix_length, 32);
  const uint64_t first = row.address & ~(size - 1);
  return {
      first,
      first + size,
      {.client_class = row.client_class, .next_hop = row.next_hop, .range_sets = row.range_sets}};
}

// Valid rows, an outer prefix before those inside it.
std::vector<Prefix> SortedPrefixes(std::span<const SourceRow> rows) {
  std::vector<Prefix> prefixes;
  for (const SourceRow& row : rows) {
    if (row.valid) prefixes.push_back(ToPrefix(row));
  }
  std::stable_sort(prefixes.begin(), prefixes.end(), [](const Prefix& a, const Prefix& b) {
    return std::tuple(a.first, b.end) < std::tuple(b.first, a.end);
  });
  const auto same = [](const Prefix& a, const Prefix& b) {
    return a.first == b.first && a.end == b.end;
  };
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end(), same), prefixes.end());
  return prefixes;
}

}  // namespace

SourceRanges::SourceRanges(std::span<const SourceRow> rows) {
  std::vector<Prefix> around = {{.first = 0, .end = kAddressEnd, .client = {}}};
  StartRange(0, around.back().client);
  const auto leave_until = [&](uint64_t address) {
    while (around.size() > 1 && around.back().end <= address) {
      const uint64_t end = around.back().end;
      around.pop_back();
      StartRange(end, around.back().client);
    }
  };
  for (const Prefix& prefix : SortedPrefixes(rows)) {
    leave_until(prefix.first);
    around.push_back(prefix);
    StartRange(prefix.first, prefix.client);
  }
  leave_until(kAddressEnd);
}

// A range that starts where the last one did takes its place.
void SourceRanges::StartRange(uint64_t first, const Client& client) {
  if (first == kAddressEnd) return;
  if (!firsts_.empty() && firsts_.back() == first) {
    clients_.back() = client;
    return;
  }
  firsts_.push_back(static_cast<uint32_t>(first));
  clients_.push_back(client);
}

const Client& SourceRanges::Find(uint32_t address) const {
  const auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), address);
  return clients_[static_cast<size_t>(behind - firsts_.begin()) - 1];
}

}  // namespace pointsman
