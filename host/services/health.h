// What load balancers and the node's keepers are told about health, as kube-proxy tells it: which
// health check ports there are and what each answers, and whether the proxy itself is well. Time is
// an argument; no thread, log or I/O. host/agent/health_server.h puts it on sockets.
#ifndef POINTSMAN_HOST_SERVICES_HEALTH_H_
#define POINTSMAN_HOST_SERVICES_HEALTH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "host/kube/ip_address.h"
#include "host/kube/object_set.h"
#include "host/services/endpoint_sets.h"
#include "host/services/node_facts.h"

namespace pointsman {

// The health check port of a Service of type LoadBalancer with externalTrafficPolicy: Local.
struct HealthCheckPort {
  kube::ObjectKey service;
  uint16_t port = 0;
  std::vector<kube::IpAddress> addresses;  // to be listened on; an unspecified one: on all
  int local_endpoints = 0;                 // distinct addresses that are ready on this node
  bool operator==(const HealthCheckPort&) const = default;
};

// Where health check ports are listened on: the node port addresses of the family, and unlike node
// ports also its loopback address where a range holds that; the unspecified address where a range
// holds every address.
std::vector<kube::IpAddress> HealthCheckAddresses(const NodeFacts& facts, kube::IpFamily family);

// Those of one Service: one of two families has a port in each, with that family's addresses and
// endpoints.
std::vector<HealthCheckPort> HealthCheckPortsOf(const kube::Service& service, const Slices& slices,
                                                const NodeFacts& facts);

// Of all, by Service.
std::vector<HealthCheckPort> HealthCheckPorts(const kube::ObjectSet& objects,
                                              const NodeFacts& facts);

struct HealthAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type
  std::string body;
  std::string content_type = "application/json";
};

// 200 while this node has endpoints of the Service and the proxy is well, otherwise 503.
HealthAnswer AnswerFor(const HealthCheckPort& port, bool proxy_healthy);

// Whether a node shall get traffic from outside: it is not being deleted, neither the object nor
// (by the taint ToBeDeletedByClusterAutoscaler) the machine. No node: no.
bool IsNodeEligible(const kube::Node* node);

// Whether changes reach the card. A family that was never written is taken to be starting up, and
// well. Not thread-safe.
class ProxyHealth {
 public:
  // A change that waits for longer makes its family late.
  explicit ProxyHealth(absl::Duration stale_after) : stale_after_(stale_after) {}

  void Queued(kube::IpFamily family, absl::Time now);  // a change arrived
  void Synced(kube::IpFamily family, absl::Time now);  // all changes are written

  bool IsHealthy(absl::Time now) const;
  // The body that tells it all. `node_eligible`: absent where the node does not matter (/livez).
  // The status is 503 where something is late or the node is not eligible.
  HealthAnswer Answer(absl::Time now, std::optional<bool> node_eligible) const;

 private:
  struct Family {
    std::optional<absl::Time> synced;         // last
    std::optional<absl::Time> waiting_since;  // the oldest change that is not written
  };

  bool IsLate(const Family& family, absl::Time now) const;

  const absl::Duration stale_after_;
  std::map<kube::IpFamily, Family> families_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_HEALTH_H_
