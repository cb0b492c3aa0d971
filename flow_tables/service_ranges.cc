#include "flow_tables/service_ranges.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace pointsman {
namespace {

// Addresses first..last, which share `common_bits` leading bits.
struct Span {
  uint32_t first;
  uint32_t last;
  int common_bits() const { return std::countl_zero(first ^ last); }
};

uint32_t MaskOf(int bits) { return bits == 0 ? 0 : ~uint32_t{0} << (32 - bits); }

// In order, none inside another.
std::vector<Span> Ipv4Spans(const Forwarding& wanted) {
  std::vector<Span> spans;
  for (const Address& address : wanted.cluster_ips) {
    if (address.is_v4()) spans.push_back({address.v4().value, address.v4().value});
  }
  for (const AddressPrefix& range : wanted.service_ranges) {
    if (!range.address.is_v4()) continue;
    const uint32_t first = range.address.v4().value;
    spans.push_back({first, first | ~MaskOf(range.length_bits - kIpv4PrefixBits)});
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
  const std::vector<Span> spans = Ipv4Spans(wanted);
  if (spans.empty()) return ranges;
  std::vector<size_t> ends = Cuts(spans);
  ends.push_back(spans.size());
  size_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    const Span whole{spans[begin].first, spans[ends[i] - 1].last};
    const uint32_t mask = MaskOf(whole.common_bits());
    ranges[i] = {.address = whole.first & mask, .mask = mask};
    begin = ends[i];
  }
  return ranges;
}

}  // namespace pointsman
