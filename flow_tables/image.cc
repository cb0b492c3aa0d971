#include "flow_tables/image.h"

#include <algorithm>

#include "absl/status/status.h"
#include "flow_tables/endpoint_rows.h"
#include "flow_tables/frontend_rows.h"
#include "flow_tables/next_hop_rows.h"
#include "flow_tables/range_sets.h"
#include "flow_tables/service_ranges.h"
#include "flow_tables/source_rows.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

absl::Status CheckMasqueradePorts(const MasqueradePorts& ports) {
  if ((ports.base & ports.mask) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "masquerade ports: base {:#06x} and mask {:#06x} share bits", ports.base, ports.mask));
}

// What is sent to addresses of Services is the host's business over SCTP too: to refuse it where no
// frontend takes it.
bool ForwardsSctp(const Forwarding& wanted) {
  return !wanted.cluster_ips.empty() || !wanted.service_ranges.empty() ||
         std::ranges::any_of(wanted.frontends, [](const Frontend& frontend) {
           return frontend.protocol == Protocol::kSctp;
         });
}

// 0, where the node has no address of IPv6.
Bits128 MasqueradeAddressIpv6(const Forwarding& wanted) {
  const Address& address = wanted.masquerade_address_v6;
  return address.is_v4() ? Bits128{} : address.bits();
}

}  // namespace

Image EmptyImage(const CardSizes& sizes) {
  Image image;
  image.sizes = sizes;
  image.frontends.resize(sizes.frontends);
  image.sources.resize(sizes.sources);
  image.slots.resize(sizes.slots);
  image.endpoints.resize(sizes.endpoints);
  image.next_hops.resize(sizes.next_hops);
  image.counter_names.resize(sizes.frontend_counters);
  return image;
}

absl::StatusOr<Image> BuildImage(const Forwarding& wanted, const Image& previous) {
  if (absl::Status status = CheckMasqueradePorts(wanted.masquerade_ports); !status.ok()) {
    return status;
  }
  Image image = EmptyImage(previous.sizes);
  image.configuration = {.slot_hash_seed = wanted.slot_hash_seed,
                         .masquerade_address = wanted.masquerade_address,
                         .masquerade_address_v6 = MasqueradeAddressIpv6(wanted),
                         .masquerade_ports = wanted.masquerade_ports,
                         .tunnel = wanted.tunnel,
                         .host_forwards_sctp = ForwardsSctp(wanted),
                         .service_ranges = CoveringRanges(wanted),
                         .timeouts = {},
                         .unconfirmed_quota = wanted.unconfirmed_quota};
  image.slots = previous.slots;
  NextHopRows next_hops(wanted.gateway, previous, image);
  EndpointRows endpoints(previous, next_hops, image);
  NumberRangeSets(wanted, previous, image);
  if (absl::Status status =
          FillSources(SourcesWithRanges(wanted, image), previous, next_hops, image);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = FillFrontends(wanted.frontends, previous, endpoints, image);
      !status.ok()) {
    return status;
  }
  return image;
}

}  // namespace pointsman
