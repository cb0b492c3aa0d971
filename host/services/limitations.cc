#include "host/services/limitations.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/services/frontends.h"
#include "host/services/served_ports.h"

namespace pointsman {
namespace {

using kube::IpFamily;
using kube::Service;

constexpr char kChosenInSoftware[] =
    "software chooses the endpoint of each new connection, the card carries its packets";

bool HasClusterIp(const Service& service, IpFamily family) {
  return std::ranges::any_of(service.cluster_ips,
                             [&](const kube::IpAddress& ip) { return ip.family() == family; });
}

void AddFamilies(const Service& service, const NodeFacts& facts, std::vector<Limitation>& out) {
  for (const IpFamily family : {IpFamily::kIPv4, IpFamily::kIPv6}) {
    if (!HasClusterIp(service, family)) continue;
    if (facts.Primary(family)) continue;
    out.push_back({std::string(kube::ToString(family)),
                   fmt::format("not forwarded: Node {} has no {} address", facts.name,
                               kube::ToString(family))});
  }
}

void AddProtocols(const Service& service, std::vector<Limitation>& out) {
  for (const kube::ServicePort& port : service.ports) {
    if (port.protocol != kube::Protocol::kSctp) continue;
    out.push_back({fmt::format("port SCTP {}", port.port),
                   "forwarded in software: the card's tables hold TCP and UDP"});
  }
}

bool GuardsLoadBalancer(const Service& service, const NodeFacts& facts) {
  for (const IpFamily family : {IpFamily::kIPv4, IpFamily::kIPv6}) {
    for (const ServedPort& port : ServedPorts(service, family, facts.service_proxy_name)) {
      if (!port.load_balancer_ips.empty() && !AllowedSources(port, facts).empty()) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Limitation> LimitationsOf(const Service& service, const NodeFacts& facts) {
  std::vector<Limitation> out;
  if (!WhyNotServed(service, facts.service_proxy_name).empty()) return out;
  AddFamilies(service, facts, out);
  AddProtocols(service, out);
  if (service.session_affinity == kube::SessionAffinity::kClientIp) {
    out.push_back({"sessionAffinity: ClientIP",
                   "software chooses the endpoint of a client's first connection, the card knows "
                   "the client from then on"});
  }
  if (GuardsLoadBalancer(service, facts)) {
    out.push_back(
        {"loadBalancerSourceRanges",
         "beyond 32 different sets of them on a node, software looks at each new connection "
         "to its load balancer addresses"});
  }
  if (facts.scheduler != Scheduler::kRandom) out.push_back({"scheduler", kChosenInSoftware});
  return out;
}

}  // namespace pointsman
