#include "host/services/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "host/services/by_family.h"
#include "host/services/served_ports.h"

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::IpFamily;
using kube::IpPrefix;
using Json = nlohmann::ordered_json;

constexpr std::array kFamilies = {IpFamily::kIPv4, IpFamily::kIPv6};
constexpr char kToBeDeletedTaint[] = "ToBeDeletedByClusterAutoscaler";
constexpr char kRfc3339Utc[] = "%Y-%m-%dT%H:%M:%E*SZ";
constexpr char kNever[] = "0001-01-01T00:00:00Z";  // Go's zero time, which readers know
constexpr int kOk = 200;
constexpr int kServiceUnavailable = 503;

IpAddress Loopback(IpFamily family) {
  return IpAddress::Parse(family == IpFamily::kIPv4 ? "127.0.0.1" : "::1").value_or(IpAddress());
}

IpAddress Unspecified(IpFamily family) {
  static constexpr std::array<uint8_t, 16> kZeros{};
  return IpAddress::FromBytes(std::span(kZeros).first(family == IpFamily::kIPv4 ? 4 : 16));
}

std::string TimeText(std::optional<absl::Time> time) {
  return time ? absl::FormatTime(kRfc3339Utc, *time, absl::UTCTimeZone()) : kNever;
}

HealthAnswer JsonAnswer(bool well, const Json& body) {
  return {.status = well ? kOk : kServiceUnavailable,
          .headers = {{"X-Content-Type-Options", "nosniff"}},
          .body = body.dump(2)};
}

// Of one Service: those that are ready on this node.
std::set<IpAddress> LocalReadyAddresses(const Slices& slices, IpFamily family,
                                        const NodeFacts& facts) {
  std::set<IpAddress> addresses;
  for (const auto& [port, endpoints] :
       EndpointsBySlicePort(slices, family, {facts.name, facts.zone})) {
    for (const ServiceEndpoint& endpoint : endpoints) {
      if (endpoint.local && endpoint.ready) addresses.insert(endpoint.address);
    }
  }
  return addresses;
}

}  // namespace

std::vector<IpAddress> HealthCheckAddresses(const NodeFacts& facts, IpFamily family) {
  if (facts.node_port_addresses.empty()) return facts.NodePortAddresses(family);
  const std::vector<IpPrefix> ranges = OfFamily(facts.node_port_addresses, family);
  if (std::ranges::any_of(ranges, [](const IpPrefix& r) { return r.length_bits() == 0; })) {
    return {Unspecified(family)};
  }
  std::vector<IpAddress> own = facts.LocalAddresses(family);
  own.push_back(Loopback(family));
  std::vector<IpAddress> addresses;
  for (const IpAddress& address : own) {
    const auto holds = [&](const IpPrefix& range) { return range.Contains(address); };
    if (std::ranges::any_of(ranges, holds)) addresses.push_back(address);
  }
  return addresses;
}

std::vector<HealthCheckPort> HealthCheckPortsOf(const kube::Service& service, const Slices& slices,
                                                const NodeFacts& facts) {
  std::vector<HealthCheckPort> out;
  for (const IpFamily family : kFamilies) {
    const auto ports = ServedPorts(service, family, facts.service_proxy_name);
    if (ports.empty() || ports.front().health_check_node_port == 0) continue;
    const size_t local = LocalReadyAddresses(slices, family, facts).size();
    out.push_back({KeyOf(service), ports.front().health_check_node_port,
                   HealthCheckAddresses(facts, family), static_cast<int>(local)});
  }
  return out;
}

std::vector<HealthCheckPort> HealthCheckPorts(const kube::ObjectSet& objects,
                                              const NodeFacts& facts) {
  const auto by_service = SlicesByService(objects, facts.service_proxy_name);
  std::vector<HealthCheckPort> out;
  for (const auto& [key, service] : objects.services) {
    const auto found = by_service.find(key);
    const auto ports =
        HealthCheckPortsOf(service, found == by_service.end() ? Slices() : found->second, facts);
    out.insert(out.end(), ports.begin(), ports.end());
  }
  return out;
}

HealthAnswer AnswerFor(const HealthCheckPort& port, bool proxy_healthy) {
  const Json body = {{"service", {{"namespace", port.service.ns}, {"name", port.service.name}}},
                     {"localEndpoints", port.local_endpoints},
                     {"serviceProxyHealthy", proxy_healthy}};
  HealthAnswer answer = JsonAnswer(port.local_endpoints != 0 && proxy_healthy, body);
  answer.headers.emplace_back("X-Load-Balancing-Endpoint-Weight",
                              fmt::to_string(port.local_endpoints));
  return answer;
}

bool IsNodeEligible(const kube::Node* node) {
  if (node == nullptr || node->metadata.deletion_timestamp) return false;
  return std::ranges::none_of(
      node->taints, [](const kube::Taint& taint) { return taint.key == kToBeDeletedTaint; });
}

void ProxyHealth::Queued(IpFamily family, absl::Time now) {
  std::optional<absl::Time>& since = families_[family].waiting_since;
  if (!since) since = now;
}

void ProxyHealth::Synced(IpFamily family, absl::Time now) {
  families_[family] = {.synced = now, .waiting_since = std::nullopt};
}

bool ProxyHealth::IsLate(const Family& family, absl::Time now) const {
  return family.synced && family.waiting_since && now - *family.waiting_since >= stale_after_;
}

bool ProxyHealth::IsHealthy(absl::Time now) const {
  return std::ranges::none_of(families_,
                              [&](const auto& entry) { return IsLate(entry.second, now); });
}

HealthAnswer ProxyHealth::Answer(absl::Time now, std::optional<bool> node_eligible) const {
  const bool healthy = IsHealthy(now);
  const bool well = healthy && node_eligible.value_or(true);
  std::optional<absl::Time> updated;
  Json status = Json::object();
  for (const auto& [name, family] : families_) {
    if (!family.synced) continue;
    updated = std::max(updated.value_or(*family.synced), *family.synced);
    status[std::string(kube::ToString(name))] = {{"lastUpdated", TimeText(family.synced)},
                                                 {"healthy", !IsLate(family, now)}};
  }
  if (well) updated = now;  // readers take an old time for a proxy that hangs
  Json body = {{"lastUpdated", TimeText(updated)}, {"currentTime", TimeText(now)}};
  if (node_eligible) body["nodeEligible"] = *node_eligible;
  body["healthy"] = healthy;
  if (!status.empty()) body["status"] = std::move(status);
  return JsonAnswer(well, body);
}

}  // namespace pointsman
