#include "host/services/limitations.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/services/card_values.h"
#include "host/services/frontends.h"

namespace pointsman {
namespace {

using kube::IpFamily;
using kube::Service;

bool HasClusterIp(const Service& service, IpFamily family) {
  return std::any_of(service.cluster_ips.begin(), service.cluster_ips.end(),
                     [&](const kube::IpAddress& ip) { return ip.family() == family; });
}

void AddFamily(const Service& service, std::vector<Limitation>& out) {
  if (!HasClusterIp(service, IpFamily::kIPv6)) return;
  out.push_back({"IPv6", HasClusterIp(service, IpFamily::kIPv4)
                             ? "only its IPv4 addresses are forwarded: IPv6 comes later"
                             : "not forwarded: IPv6 comes later"});
}

void AddProtocols(const Service& service, std::vector<Limitation>& out) {
  for (const kube::ServicePort& port : service.ports) {
    if (CardProtocol(port.protocol)) continue;
    out.push_back({fmt::format("port {} {}", kube::ToString(port.protocol), port.port),
                   "not forwarded: this protocol comes later"});
  }
}

void AddSourceRanges(const Service& service, std::vector<Limitation>& out) {
  const std::vector<ServedPort> ports = ServedPorts(service, IpFamily::kIPv4);
  const bool guarded = std::any_of(ports.begin(), ports.end(), [](const ServedPort& port) {
    return !port.load_balancer_ips.empty() && RestrictsSources(port);
  });
  if (!guarded) return;
  out.push_back({"loadBalancerSourceRanges",
                 "everything sent to its load balancer addresses is dropped: source ranges come "
                 "later, and without them nobody may be let in"});
}

bool HintsApply(const Slices& slices, const NodeFacts& facts) {
  const auto hinted = [&](const kube::Endpoint& endpoint) {
    const bool by_zone = !facts.zone.empty() && !endpoint.hints_for_zones.empty();
    return by_zone || !endpoint.hints_for_nodes.empty();
  };
  return std::any_of(slices.begin(), slices.end(), [&](const kube::EndpointSlice* slice) {
    return std::any_of(slice->endpoints.begin(), slice->endpoints.end(), hinted);
  });
}

}  // namespace

std::vector<Limitation> LimitationsOf(const Service& service, const Slices& slices,
                                      const NodeFacts& facts) {
  std::vector<Limitation> out;
  if (!WhyNotServed(service).empty()) return out;
  AddFamily(service, out);
  AddProtocols(service, out);
  if (service.session_affinity == kube::SessionAffinity::kClientIp) {
    out.push_back({"sessionAffinity: ClientIP",
                   "forwarded without affinity: connections of one client may meet different "
                   "endpoints until affinity comes"});
  }
  AddSourceRanges(service, out);
  if (HintsApply(slices, facts)) {
    out.push_back(
        {"topology hints", "not looked at yet: endpoints of every zone and node are used evenly"});
  }
  return out;
}

std::vector<Limitation> LimitationsOf(const NodeFacts& facts) {
  std::vector<Limitation> out;
  for (const kube::IpPrefix& cidr : facts.service_cidrs) {
    out.push_back({fmt::format("service CIDR {}", cidr.ToString()),
                   "packets to addresses and ports in it that no Service has pass untouched: "
                   "refusing them comes later"});
  }
  return out;
}

}  // namespace pointsman
