#include "flow_tables/forwarding_change.h"

#include <utility>

#include "absl/container/flat_hash_map.h"

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

ForwardingChange ChangeBetween(const Forwarding& from, const Forwarding& to) {
  ForwardingChange change;
  struct Old {
    const Frontend* frontend = nullptr;
    bool stays = false;
  };
  absl::flat_hash_map<FrontendKey, Old> old;
  old.reserve(from.frontends.size());
  for (const Frontend& frontend : from.frontends) old.try_emplace(KeyOf(frontend), Old{&frontend});
  for (const Frontend& frontend : to.frontends) {
    const auto known = old.find(KeyOf(frontend));
    const bool twice = known != old.end() && std::exchange(known->second.stays, true);
    if (known == old.end() || twice || *known->second.frontend != frontend) {
      change.frontends.insert(change.frontends.end(), twice ? 2 : 1, frontend);
    }
  }
  for (const auto& [key, was] : old) {
    if (!was.stays) change.gone.push_back(key);
  }
  if (Forwarding rest = RestOf(to); rest != RestOf(from)) change.rest = std::move(rest);
  return change;
}

}  // namespace pointsman
