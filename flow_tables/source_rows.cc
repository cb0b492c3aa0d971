#include "flow_tables/source_rows.h"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "flow_tables/describe.h"
#include "flow_tables/range_sets.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

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

}  // namespace

absl::Status CheckSources(const std::vector<Source>& sources) {
  std::set<AddressPrefix> prefixes;
  for (const Source& source : sources) {
    if (absl::Status status = CheckPrefix(source); !status.ok()) return status;
    if (!prefixes.insert(source.prefix).second) {
      return absl::InvalidArgumentError(fmt::format("{} is there twice", Describe(source)));
    }
  }
  return absl::OkStatus();
}

SourceRows::SourceRows(NextHopRows& next_hops, ImageDraft& draft)
    : draft_(draft), next_hops_(next_hops) {
  const std::vector<SourceRow>& rows = draft.image().sources;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].valid) continue;
    rows_.try_emplace({Address::FromBits(rows[row].address), rows[row].prefix_length}, row);
    next_hops_.Use(rows[row].next_hop);
  }
}

absl::Status SourceRows::Fill(const std::vector<Source>& sources) {
  const std::vector<SourceRow>& held = draft_.image().sources;
  std::map<AddressPrefix, uint32_t> rows;
  std::vector<std::pair<uint32_t, SourceRow>> wanted;
  const auto refuse = [&](const Source& source, const char* table, uint32_t size) {
    for (const auto& [row, content] : wanted) next_hops_.Release(content.next_hop);
    return absl::ResourceExhaustedError(fmt::format(
        "table {}: all {} rows are taken, none is free for {}", table, size, Describe(source)));
  };
  uint32_t next_free = 0;
  for (const Source& source : sources) {
    const auto known = rows_.find(source.prefix);
    if (known == rows_.end()) {
      while (next_free < held.size() && held[next_free].valid) ++next_free;
      if (next_free == held.size()) {
        return refuse(source, "sources", draft_.image().sizes.sources);
      }
    }
    const uint32_t row = known == rows_.end() ? next_free++ : known->second;
    const auto next_hop = next_hops_.Acquire(source.next_hop);
    if (!next_hop) return refuse(source, "next-hops", draft_.image().sizes.next_hops);
    rows.emplace(source.prefix, row);
    wanted.emplace_back(row, SourceRow{.valid = true,
                                       .address = source.prefix.address.bits(),
                                       .prefix_length = source.prefix.length_bits,
                                       .client_class = source.client_class,
                                       .next_hop = *next_hop,
                                       .range_sets = RangeSetsOf(source.prefix, draft_.image())});
  }
  std::vector<bool> stays(held.size());
  for (const auto& [row, content] : wanted) stays[row] = true;
  for (uint32_t row = 0; row < held.size(); ++row) {
    if (!held[row].valid) continue;
    next_hops_.Release(held[row].next_hop);
    if (!stays[row]) draft_.Set(row, SourceRow{});
  }
  for (const auto& [row, content] : wanted) draft_.Set(row, content);
  rows_ = std::move(rows);
  return absl::OkStatus();
}

}  // namespace pointsman
