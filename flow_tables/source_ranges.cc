#include "flow_tables/source_ranges.h"

#include <optional>
#include <tuple>

namespace pointsman {
namespace {

constexpr Address kLowest = Address::FromWords(0, 0);
constexpr Address kHighest = Address::FromWords(~uint64_t{0}, ~uint64_t{0});

struct Prefix {
  Address first;
  Address last;
  Client client;
};

Prefix ToPrefix(const SourceRow& row) {
  const Address address = Address::FromBits(row.address);
  const AddressPrefix mask{{}, std::min<uint8_t>(row.prefix_length, 128)};
  return {
      Address::FromWords(address.high() & mask.HighMask(), address.low() & mask.LowMask()),
      Address::FromWords(address.high() | ~mask.HighMask(), address.low() | ~mask.LowMask()),
      {.client_class = row.client_class, .next_hop = row.next_hop, .range_sets = row.range_sets}};
}

// Valid rows, an outer prefix before those inside it.
std::vector<Prefix> SortedPrefixes(std::span<const SourceRow> rows) {
  std::vector<Prefix> prefixes;
  for (const SourceRow& row : rows) {
    if (row.valid) prefixes.push_back(ToPrefix(row));
  }
  std::stable_sort(prefixes.begin(), prefixes.end(), [](const Prefix& a, const Prefix& b) {
    return std::tie(a.first, b.last) < std::tie(b.first, a.last);
  });
  const auto same = [](const Prefix& a, const Prefix& b) {
    return a.first == b.first && a.last == b.last;
  };
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end(), same), prefixes.end());
  return prefixes;
}

// REQUIRES: not the highest.
Address Next(const Address& address) {
  const uint64_t low = address.low() + 1;
  return Address::FromWords(address.high() + (low == 0 ? 1 : 0), low);
}

}  // namespace

SourceRanges::SourceRanges(std::span<const SourceRow> rows) {
  std::vector<Prefix> around = {{.first = kLowest, .last = kHighest, .client = {}}};
  all_.Start(kLowest, around.back().client);
  // Ends those that do not reach `address`; nothing: all of them.
  const auto leave_until = [&](const std::optional<Address>& address) {
    while (around.size() > 1 && (!address || around.back().last < *address)) {
      const Address last = around.back().last;
      around.pop_back();
      if (last != kHighest) all_.Start(Next(last), around.back().client);
    }
  };
  for (const Prefix& prefix : SortedPrefixes(rows)) {
    leave_until(prefix.first);
    around.push_back(prefix);
    all_.Start(prefix.first, prefix.client);
  }
  leave_until(std::nullopt);

  ipv4_.Start(0, all_.Find(Address(Ipv4Address{0})));
  for (size_t i = 0; i < all_.firsts.size(); ++i) {
    if (all_.firsts[i].is_v4()) ipv4_.Start(all_.firsts[i].v4().value, all_.clients[i]);
  }
}

}  // namespace pointsman
