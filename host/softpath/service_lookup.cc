#include "host/softpath/service_lookup.h"

#include <algorithm>
#include <utility>

#include "flow_tables/forwarding_change.h"

namespace pointsman {
namespace {

Address Masked(const Address& address, uint8_t length_bits) {
  const AddressPrefix prefix{{}, length_bits};
  return Address::FromWords(address.high() & prefix.HighMask(), address.low() & prefix.LowMask());
}

}  // namespace

void ServiceLookup::SetRest(const Forwarding& forwarding) {
  cluster_ips_ = {forwarding.cluster_ips.begin(), forwarding.cluster_ips.end()};
  service_ranges_ = forwarding.service_ranges;
  gateway_ = forwarding.gateway;
  sources_.clear();
  for (const Source& source : forwarding.sources) {
    sources_[128 - source.prefix.length_bits].emplace(
        source.prefix.address, ClientInfo{source.client_class, source.next_hop});
  }
}

void ServiceLookup::Put(std::shared_ptr<const Frontend> frontend) {
  const FrontendKey key = KeyOf(*frontend);
  frontends_.insert_or_assign(key, std::move(frontend));
}

std::shared_ptr<const Frontend> ServiceLookup::Take(const FrontendKey& key) {
  const auto found = frontends_.find(key);
  if (found == frontends_.end()) return nullptr;
  std::shared_ptr<const Frontend> taken = std::move(found->second);
  frontends_.erase(found);
  return taken;
}

const Frontend* ServiceLookup::FindFrontend(const Address& address, uint16_t port,
                                            Protocol protocol) const {
  const auto found = frontends_.find(FrontendKey(address, port, protocol));
  return found == frontends_.end() ? nullptr : found->second.get();
}

ClientInfo ServiceLookup::ClientOf(const Address& address) const {
  for (const auto& [missing_bits, by_address] : sources_) {
    const auto found = by_address.find(Masked(address, static_cast<uint8_t>(128 - missing_bits)));
    if (found != by_address.end()) return found->second;
  }
  return {ClientClass::kOutside, gateway_};
}

bool ServiceLookup::InServiceRange(const Address& address) const {
  return std::ranges::any_of(service_ranges_,
                             [&](const AddressPrefix& range) { return range.Contains(address); });
}

}  // namespace pointsman
