#include "flow_tables/next_hop_rows.h"

#include "fmt/format.h"

namespace pointsman {
namespace {

NextHopRow RowOf(const NextHop& next_hop) {
  return {.valid = true,
          .egress = next_hop.egress,
          .destination_mac = next_hop.destination_mac.value,
          .source_mac = next_hop.source_mac.value,
          .vxlan_address = next_hop.vxlan_address.value,
          .vxlan_mac = next_hop.vxlan_mac.value};
}

}  // namespace

NextHopRows::NextHopRows(const NextHop& gateway, const Image& previous, Image& image)
    : image_(image), ids_(image.sizes.next_hops) {
  for (uint32_t id = 1; id < previous.next_hops.size(); ++id) {
    if (previous.next_hops[id].valid) ids_.Keep(PackRow(previous.next_hops[id]), id);
  }
  image.next_hops[0] = RowOf(gateway);
  ids_.Keep(PackRow(image.next_hops[0]), 0);
}

std::optional<uint16_t> NextHopRows::Find(const NextHop& next_hop) {
  const NextHopRow row = RowOf(next_hop);
  const auto id = ids_.Id(PackRow(row));
  if (!id) return std::nullopt;
  image_.next_hops[*id] = row;
  return static_cast<uint16_t>(*id);
}

absl::Status NextHopRows::Exhausted(const std::string& user) const {
  return absl::ResourceExhaustedError(fmt::format(
      "table next-hops: all {} rows are taken, none is free for {}", image_.sizes.next_hops, user));
}

}  // namespace pointsman
