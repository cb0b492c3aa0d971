#include "flow_tables/forwarding_change.h"

namespace pointsman {

Forwarding RestOf(const Forwarding& forwarding) {
  return {.frontends = {},
          .sources = forwarding.sources,
          .gateway = forwarding.gateway,
          .tunnel = forwarding.tunnel,
          .masquerade_address = forwarding.masquerade_address,
          .masquerade_address_v6 = forwarding.masquerade_address_v6,
          .masquerade_ports = forwarding.masquerade_ports,
          .slot_hash_seed = forwarding.slot_hash_seed,
          .cluster_ips = forwarding.cluster_ips,
          .service_ranges = forwarding.service_ranges,
          .unconfirmed_quota = forwarding.unconfirmed_quota};
}

FrontendKey KeyOf(const Frontend& frontend) {
  return {frontend.address, frontend.port, frontend.protocol};
}

}  // namespace pointsman
