#include "flow_tables/source_rows.h"

#include <cstdint>
#include <optional>

#include "flow_tables/describe.h"
#include "flow_tables/range_sets.h"
#include "flow_tables/stable_ids.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

// The prefix alone, as a row.
RowBits PrefixOf(const Bits128& address, uint8_t prefix_length) {
  return PackRow(SourceRow{.address = address, .prefix_length = prefix_length});
}

absl::Status CheckPrefix(const Source& source) {
  const AddressPrefix& prefix = source.prefix;
  const bool is_v4 = prefix.address.is_v4();
  const uint8_t least = is_v4 ? kIpv4PrefixBits : 0;
  const bool is_right = prefix.length_bits >= least && prefix.length_bits <= 128 &&
                        (prefix.address.high() & ~prefix.HighMask()) == 0 &&
                        (prefix.address.low() & ~prefix.LowMask()) == 0;
  if (is_right) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: not a prefix; its length is 0 to {} and the bits behind it are 0",
                  Describe(source), 128 - least));
}

absl::Status FillSource(const Source& source, NextHopRows& next_hops, StableIds& ids,
                        Image& image) {
  if (absl::Status status = CheckPrefix(source); !status.ok()) return status;
  const Bits128 address = source.prefix.address.bits();
  const auto row = ids.Id(PrefixOf(address, source.prefix.length_bits));
  if (!row) {
    return absl::ResourceExhaustedError(
        fmt::format("table sources: all {} rows are taken, none is free for {}",
                    image.sizes.sources, Describe(source)));
  }
  if (image.sources[*row].valid) {
    return absl::InvalidArgumentError(fmt::format("{} is there twice", Describe(source)));
  }
  const auto next_hop = next_hops.Id(source.next_hop, source);
  if (!next_hop.ok()) return next_hop.status();
  image.sources[*row] = {.valid = true,
                         .address = address,
                         .prefix_length = source.prefix.length_bits,
                         .client_class = source.client_class,
                         .next_hop = *next_hop,
                         .range_sets = RangeSetsOf(source.prefix, image)};
  return absl::OkStatus();
}

}  // namespace

absl::Status FillSources(const std::vector<Source>& sources, const Image& previous,
                         NextHopRows& next_hops, Image& image) {
  StableIds ids(image.sizes.sources);
  for (uint32_t row = 0; row < previous.sources.size(); ++row) {
    const SourceRow& held = previous.sources[row];
    if (held.valid) ids.Keep(PrefixOf(held.address, held.prefix_length), row);
  }
  for (const Source& source : sources) {
    if (absl::Status status = FillSource(source, next_hops, ids, image); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman
