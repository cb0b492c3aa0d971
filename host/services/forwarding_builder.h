// From Kubernetes objects to what a node's card shall do: the whole of Service semantics. Pure: no
// clock, thread, log or I/O; the same input gives the same output, in the same order.
#ifndef POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_
#define POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "flow_tables/forwarding.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"
#include "host/services/frontends.h"
#include "host/services/limitations.h"
#include "host/services/node_facts.h"

namespace pointsman {

// A frontend that the forwarding has for a Service.
struct FrontendReport {
  FrontendKind kind = FrontendKind::kClusterIp;
  kube::IpAddress address;
  uint16_t port = 0;
  kube::Protocol protocol = kube::Protocol::kTcp;
  std::string port_name;
  bool operator==(const FrontendReport&) const = default;
};

// Distinct addresses behind any port of a Service, of the family that comes first in it.
struct EndpointCounts {
  int total = 0;
  int ready = 0;
  int local = 0;  // ready and on this node
  bool operator==(const EndpointCounts&) const = default;
};

struct ServiceReport {
  kube::ObjectKey service;
  std::string not_served;  // why a proxy has nothing to do with it ("headless"); empty: it has
  std::vector<FrontendReport> frontends;
  EndpointCounts endpoints;
  std::vector<Limitation> limitations;
  bool operator==(const ServiceReport&) const = default;
};

struct ServiceForwarding {
  Forwarding forwarding;                // frontends by address, port, protocol; sources by prefix
  std::vector<ServiceReport> services;  // one for every Service, by namespace and name
  std::vector<kube::Problem> problems;  // what was left out because the objects are wrong
};

// Of two frontends with one address, port and protocol one is left out, with a
// problem that names both: a node port gives way to any other kind, else the later one by namespace
// and name gives way.
// A family of which the node has no primary address gets no frontends; for IPv4 that is a problem.
ServiceForwarding BuildForwarding(const kube::ObjectSet& objects, const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_
