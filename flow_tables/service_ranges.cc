#include "flow_tables/service_ranges.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace pointsman {
namespace {

// Addresses first..last.
struct Span {
  Address first;
  Address last;
  // Leading bits that all of them share.
  uint8_t common_bits() const {
    const uint64_t high = first.high() ^ last.high();
    const uint64_t low = first.low() ^ last.low();
    return static_cast<uint8_t>(high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low));
  }
};

ServiceRange RangeAround(const Span& span) {
  const AddressPrefix prefix{span.first, span.common_bits()};
  const Bits128 mask{.low = prefix.LowMask(), .high = prefix.HighMask()};
  return {.address = {.low = span.first.low() & mask.low, .high = span.first.high() & mask.high},
          .mask = mask};
}

// In order, none inside another.
std::vector<Span> SpansOf(const Forwarding& wanted) {
  std::vector<Span> spans;
  for (const Address& address : wanted.cluster_ips) spans.push_back({address, address});
  for (const AddressPrefix& range : wanted.service_ranges) {
    spans.push_back({range.address, Address::FromWords(range.address.high() | ~range.HighMask(),
                                                       range.address.low() | ~range.LowMask())});
  }
  std::ranges::sort(spans, [](const Span& a, const Span& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  std::vector<Span> outer;
  for (const Span& span : spans) {
    if (outer.empty() || span.last > outer.back().last) outer.push_back(span);
  }
  return outer;
}

// Where the spans are cut apart: the ends of all groups but the last, in order.
std::vector<size_t> Cuts(const std::vector<Span>& spans) {
  std::vector<size_t> ends;
  for (size_t end = 1; end < spans.size(); ++end) ends.push_back(end);
  const size_t cuts = std::min(ends.size(), kServiceRanges - 1);
  const auto common_bits = [&](size_t end) {
    return Span{spans[end - 1].last, spans[end].first}.common_bits();
  };
  std::ranges::stable_sort(ends, {}, common_bits);
  ends.resize(cuts);
  std::ranges::sort(ends);
  return ends;
}

}  // namespace

std::array<ServiceRange, kServiceRanges> CoveringRanges(const Forwarding& wanted) {
  std::array<ServiceRange, kServiceRanges> ranges{};
  const std::vector<Span> spans = SpansOf(wanted);
  if (spans.empty()) return ranges;
  std::vector<size_t> ends = Cuts(spans);
  ends.push_back(spans.size());
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    ranges[i] = RangeAround({spans[begin].first, spans[ends[i] - 1].last});
    begin = ends[i];
  }
  return ranges;
}

}  // namespace pointsman
