#include "host/services/forwarding_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/services/pass_through.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

// Ports of both families have one name; one that is served over TCP and UDP has one for each.
std::string AffinityGroup(const ServedPort& port) {
  return fmt::format("{} {}", port.FullName(), kube::ToString(port.protocol));
}

// Of a sorted vector.
template <class Value, class Key, class Projection>
const Value* Find(const std::vector<Value>& values, const Key& key, Projection projection) {
  const auto found = std::ranges::lower_bound(values, key, {}, projection);
  return found != values.end() && projection(*found) == key ? &*found : nullptr;
}

FrontendKey KeyOfFrontend(const Frontend& frontend) {
  return {frontend.address, frontend.port, frontend.protocol};
}
const kube::ObjectKey& KeyOfReport(const ServiceReport& report) { return report.service; }

FrontendKey KeyOfAddress(const PortPlan& plan, const ServedAddress& address) {
  return {TableAddress(address.address), address.port, TableProtocol(plan.port.protocol)};
}

}  // namespace

ForwardingTracker::ForwardingTracker(const kube::ObjectSet& objects, const NodeFacts& facts)
    : objects_(objects),
      facts_(facts),
      pods_(LocalPodMacs(objects, facts.name, node_problems_)),
      neighbours_(facts_, pods_) {
  TakeAddresses();
  weights_ = WeightsOfPods(objects, node_problems_);
  std::set<kube::ObjectKey> everything;
  for (const auto& [key, service] : objects.services) everything.insert(key);
  for (const auto& [key, slice] : objects.endpoint_slices) everything.insert(key);
  Update(everything);
}

ServedChange ForwardingTracker::Update(const std::set<kube::ObjectKey>& changed) {
  std::set<kube::ObjectKey> services = TakeSlices(changed);
  std::set<FrontendKey> asked;
  ServedChange change;
  for (const kube::ObjectKey& service : services) {
    const Planned before = Withdraw(service, asked);
    const UdpFrontends& udp = Plan(service, asked);
    ReleaseClusterIps(before);
    if (udp != before.udp) change.udp.emplace(service, udp);
  }
  NoteFrontends(asked, change);
  // Who gets a frontend, or loses it to one of these.
  for (const FrontendKey& key : asked) {
    for (const Claim& claim : ClaimsOf(key)) services.insert(claim.service);
  }
  NoteServices(services, change);
  NoteClusterIps(change);
  NoteHealthCheckPorts(change);
  change.ApplyTo(state_);
  return change;
}

std::vector<kube::Problem> ForwardingTracker::problems() const {
  std::vector<kube::Problem> all = node_problems_;
  for (const auto& [service, planned] : planned_) {
    all.insert(all.end(), planned.problems.begin(), planned.problems.end());
  }
  return all;
}

// What the node masquerades with, how frames leave it, and which addresses are Services'.
void ForwardingTracker::TakeAddresses() {
  Forwarding& forwarding = state_.forwarding;
  forwarding.sources = neighbours_.Sources();
  forwarding.gateway = neighbours_.Gateway();
  forwarding.tunnel = facts_.tunnel;
  if (const auto primary = facts_.Primary(kube::IpFamily::kIPv4)) {
    forwarding.masquerade_address = TableAddress(*primary).v4();
  } else {
    node_problems_.push_back({.origin = {},
                              .object = "Node " + facts_.name,
                              .field = "status.addresses",
                              .message = "no primary IPv4 address to masquerade with: no Service "
                                         "is forwarded over IPv4"});
  }
  if (const auto primary = facts_.Primary(kube::IpFamily::kIPv6)) {
    forwarding.masquerade_address_v6 = TableAddress(*primary);
  }
  for (const kube::IpPrefix& cidr : facts_.service_cidrs) {
    if (facts_.Primary(cidr.family())) forwarding.service_ranges.push_back(TablePrefix(cidr));
  }
  std::ranges::sort(forwarding.service_ranges);
}

std::set<kube::ObjectKey> ForwardingTracker::TakeSlices(const std::set<kube::ObjectKey>& changed) {
  std::set<kube::ObjectKey> services;
  for (const kube::ObjectKey& key : changed) {
    if (key.kind == kube::Kind::kService) services.insert(key);
    if (key.kind == kube::Kind::kEndpointSlice) MoveSlice(key, services);
  }
  return services;
}

// A slice may come, go, or be given to another Service.
void ForwardingTracker::MoveSlice(const kube::ObjectKey& slice,
                                  std::set<kube::ObjectKey>& services) {
  if (const auto before = service_of_slice_.find(slice); before != service_of_slice_.end()) {
    services.insert(before->second);
    const auto of_service = slices_.find(before->second);
    of_service->second.erase(slice);
    if (of_service->second.empty()) slices_.erase(of_service);
    service_of_slice_.erase(before);
  }
  const auto now = objects_.endpoint_slices.find(slice);
  if (now == objects_.endpoint_slices.end()) return;
  const std::string name = now->second.ServiceName();
  const bool hidden = IsHiddenByLabels(now->second.metadata.labels, facts_.service_proxy_name);
  if (name.empty() || hidden) return;
  const kube::ObjectKey service{kube::Kind::kService, slice.ns, name};
  services.insert(service);
  service_of_slice_.emplace(slice, service);
  slices_[service].emplace(slice, &now->second);
}

Slices ForwardingTracker::SlicesOf(const kube::ObjectKey& service) const {
  Slices slices;
  const auto found = slices_.find(service);
  if (found == slices_.end()) return slices;
  for (const auto& [key, slice] : found->second) slices.push_back(slice);
  return slices;
}

ForwardingTracker::Planned ForwardingTracker::Withdraw(const kube::ObjectKey& service,
                                                       std::set<FrontendKey>& asked) {
  const auto planned = planned_.find(service);
  if (planned == planned_.end()) return {};
  for (const PortPlan& plan : planned->second.plans) {
    for (const ServedAddress& address : plan.addresses) {
      const FrontendKey key = KeyOfAddress(plan, address);
      asked.insert(key);
      const auto claims = claims_.find(key);
      if (claims == claims_.end()) continue;  // wanted twice
      std::erase_if(claims->second, [&](const Claim& claim) { return claim.service == service; });
      if (claims->second.empty()) claims_.erase(claims);
    }
  }
  health_changed_ |= !planned->second.health_check_ports.empty();
  Planned before = std::move(planned->second);
  planned_.erase(planned);
  return before;
}

// After the Service was planned anew, so that one that it keeps is never without a port.
void ForwardingTracker::ReleaseClusterIps(const Planned& before) {
  for (const PortPlan& plan : before.plans) {
    const auto cluster_ip = cluster_ips_.find(TableAddress(plan.port.cluster_ip));
    if (--cluster_ip->second != 0) continue;
    cluster_ips_.erase(cluster_ip);
    cluster_ips_changed_ = true;
  }
}

const UdpFrontends& ForwardingTracker::Plan(const kube::ObjectKey& key,
                                            std::set<FrontendKey>& asked) {
  static const auto* const kNone = new UdpFrontends();
  const auto service = objects_.services.find(key);
  if (service == objects_.services.end()) return *kNone;
  const Slices slices = SlicesOf(key);
  Planned& planned = planned_[key];
  planned.plans = PlanPorts(service->second, slices, facts_);
  planned.udp = UdpFrontendsOf(planned.plans);
  planned.health_check_ports = HealthCheckPortsOf(service->second, slices, facts_);
  health_changed_ |= !planned.health_check_ports.empty();
  for (size_t i = 0; i < planned.plans.size(); ++i) {
    const PortPlan& plan = planned.plans[i];
    cluster_ips_changed_ |= cluster_ips_[TableAddress(plan.port.cluster_ip)]++ == 0;
    for (size_t j = 0; j < plan.addresses.size(); ++j) {
      const FrontendKey wanted = KeyOfAddress(plan, plan.addresses[j]);
      const bool node_port = plan.addresses[j].kind == FrontendKind::kNodePort;
      claims_[wanted].insert({node_port, key, i, j});
      asked.insert(wanted);
    }
  }
  return planned.udp;
}

const std::set<ForwardingTracker::Claim>& ForwardingTracker::ClaimsOf(
    const FrontendKey& key) const {
  static const auto* const kNobody = new std::set<Claim>();
  const auto found = claims_.find(key);
  return found == claims_.end() ? *kNobody : found->second;
}

const PortPlan& ForwardingTracker::PlanOf(const Claim& claim) const {
  return planned_.at(claim.service).plans[claim.plan];
}
const ServedAddress& ForwardingTracker::AddressOf(const Claim& claim) const {
  return PlanOf(claim).addresses[claim.address];
}
std::string ForwardingTracker::NameOf(const Claim& claim) const {
  return fmt::format("{} {}", PlanOf(claim).port.FullName(), ToString(AddressOf(claim).kind));
}

Frontend ForwardingTracker::FrontendOf(const Claim& claim) const {
  const PortPlan& plan = PlanOf(claim);
  const ServedAddress& address = AddressOf(claim);
  Frontend frontend{.name = NameOf(claim),
                    .address = TableAddress(address.address),
                    .port = address.port,
                    .protocol = TableProtocol(plan.port.protocol),
                    .outside = Half(plan.sets, address.outside),
                    .inside = Half(plan.sets, address.inside),
                    .source_ranges = {},
                    .affinity_seconds = plan.affinity_seconds,
                    .affinity_group = plan.affinity_seconds == 0 ? "" : AffinityGroup(plan.port),
                    .scheduler = facts_.scheduler};
  for (const kube::IpPrefix& range : address.source_ranges) {
    frontend.source_ranges.push_back(TablePrefix(range));
  }
  return frontend;
}

FrontendHalf ForwardingTracker::Half(const EndpointSets& sets, const ClientRule& rule) const {
  FrontendHalf half{.action = rule.action, .masquerade = rule.masquerade, .endpoints = {}};
  if (rule.action != FrontendAction::kForward) return half;
  const auto& endpoints = rule.scope == EndpointScope::kLocal ? sets.local : sets.cluster;
  half.endpoints.reserve(endpoints.size());
  for (const ServiceEndpoint& endpoint : endpoints) {
    const auto weight = weights_.find(endpoint.address);
    half.endpoints.push_back({TableAddress(endpoint.address), endpoint.port,
                              neighbours_.Towards(endpoint.address),
                              weight == weights_.end() ? uint16_t{1} : weight->second});
  }
  return half;
}

// Also finds again what is wrong with the Service. It may name an address in two fields, which is
// not.
ServiceReport ForwardingTracker::ReportOf(const kube::ObjectKey& key) {
  const kube::Service& service = objects_.services.at(key);
  Planned& planned = planned_.at(key);
  ServiceReport report{.service = key,
                       .not_served = WhyNotServed(service, facts_.service_proxy_name),
                       .frontends = {},
                       .endpoints = CountEndpoints(service, SlicesOf(key), facts_.name),
                       .limitations = LimitationsOf(service, facts_)};
  planned.problems.clear();
  if (std::string why = WhyPassThroughIsWrong(service); !why.empty()) {
    planned.problems.push_back(
        {.origin = {},
         .object = key.ToString(),
         .field = fmt::format("metadata.annotations[{}]", kPassThroughAnnotation),
         .message = std::move(why)});
  }
  for (const bool node_ports : {false, true}) {
    for (size_t i = 0; i < planned.plans.size(); ++i) {
      const PortPlan& plan = planned.plans[i];
      for (size_t j = 0; j < plan.addresses.size(); ++j) {
        const ServedAddress& address = plan.addresses[j];
        if ((address.kind == FrontendKind::kNodePort) != node_ports) continue;
        const Claim claim{node_ports, key, i, j};
        const Claim& owner = *ClaimsOf(KeyOfAddress(plan, address)).begin();
        if (owner == claim) {
          report.frontends.push_back(
              {address.kind, address.address, address.port, plan.port.protocol, plan.port.name});
        } else if (owner.service != key) {
          planned.problems.push_back(Taken(claim, owner));
        }
      }
    }
  }
  return report;
}

kube::Problem ForwardingTracker::Taken(const Claim& claim, const Claim& owner) const {
  const PortPlan& plan = PlanOf(claim);
  const ServedAddress& address = AddressOf(claim);
  return {.origin = {},
          .object = claim.service.ToString(),
          .field = std::string(FieldOf(address.kind)),
          .message = fmt::format("{} {} port {} is taken by {}; port \"{}\" is not served there",
                                 address.address.ToString(), kube::ToString(plan.port.protocol),
                                 address.port, NameOf(owner), plan.port.name)};
}

void ForwardingTracker::NoteFrontends(const std::set<FrontendKey>& asked,
                                      ServedChange& change) const {
  for (const FrontendKey& key : asked) {
    const Frontend* before = Find(state_.forwarding.frontends, key, KeyOfFrontend);
    const std::set<Claim>& claims = ClaimsOf(key);
    if (claims.empty()) {
      if (before != nullptr) change.frontends.emplace(key, std::nullopt);
      continue;
    }
    Frontend now = FrontendOf(*claims.begin());
    if (before == nullptr || *before != now) change.frontends.emplace(key, std::move(now));
  }
}

void ForwardingTracker::NoteServices(const std::set<kube::ObjectKey>& services,
                                     ServedChange& change) {
  for (const kube::ObjectKey& key : services) {
    const ServiceReport* before = Find(state_.services, key, KeyOfReport);
    if (!planned_.contains(key)) {
      if (before != nullptr) change.services.emplace(key, std::nullopt);
      continue;
    }
    ServiceReport now = ReportOf(key);
    if (before == nullptr || *before != now) change.services.emplace(key, std::move(now));
  }
}

void ForwardingTracker::NoteClusterIps(ServedChange& change) {
  if (!std::exchange(cluster_ips_changed_, false)) return;
  std::vector<Address>& cluster_ips = change.cluster_ips.emplace();
  for (const auto& [address, ports] : cluster_ips_) cluster_ips.push_back(address);
}

void ForwardingTracker::NoteHealthCheckPorts(ServedChange& change) {
  if (!std::exchange(health_changed_, false)) return;
  std::vector<HealthCheckPort> ports;
  for (const auto& [service, planned] : planned_) {
    ports.insert(ports.end(), planned.health_check_ports.begin(), planned.health_check_ports.end());
  }
  if (ports != state_.health_check_ports) change.health_check_ports = std::move(ports);
}

}  // namespace pointsman
