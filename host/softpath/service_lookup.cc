#include "host/softpath/service_lookup.h"

#include <algorithm>

namespace pointsman {
namespace {

Address Masked(const Address& address, uint8_t length_bits) {
  const AddressPrefix prefix{{}, length_bits};
  return Address::FromWords(address.high() & prefix.HighMask(), address.low() & prefix.LowMask());
}

}  // namespace

ServiceLookup::ServiceLookup(const Forwarding& forwarding)
    : forwarding_(forwarding),
      cluster_ips_(forwarding.cluster_ips.begin(), forwarding.cluster_ips.end()) {
  for (const Frontend& frontend : forwarding.frontends) {
    frontends_.emplace(std::tuple(frontend.address, frontend.port, frontend.protocol), &frontend);
  }
  for (const Source& source : forwarding.sources) {
    sources_[128 - source.prefix.length_bits].emplace(source.prefix.address, &source);
  }
}

const Frontend* ServiceLookup::FindFrontend(const Address& address, uint16_t port,
                                            Protocol protocol) const {
  const auto found = frontends_.find(std::tuple(address, port, protocol));
  return found == frontends_.end() ? nullptr : found->second;
}

ClientInfo ServiceLookup::ClientOf(const Address& address) const {
  for (const auto& [missing_bits, by_address] : sources_) {
    const auto found = by_address.find(Masked(address, static_cast<uint8_t>(128 - missing_bits)));
    if (found == by_address.end()) continue;
    return {found->second->client_class, found->second->next_hop};
  }
  return {ClientClass::kOutside, forwarding_.gateway};
}

bool ServiceLookup::InServiceRange(const Address& address) const {
  return std::ranges::any_of(forwarding_.service_ranges,
                             [&](const AddressPrefix& range) { return range.Contains(address); });
}

}  // namespace pointsman
