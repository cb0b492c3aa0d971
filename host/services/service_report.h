// What one Service comes to on a node, for people to read. Plain values and pure functions.
#ifndef POINTSMAN_HOST_SERVICES_SERVICE_REPORT_H_
#define POINTSMAN_HOST_SERVICES_SERVICE_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "host/kube/objects.h"
#include "host/services/endpoint_sets.h"
#include "host/services/frontends.h"
#include "host/services/limitations.h"

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

EndpointCounts CountEndpoints(const kube::Service& service, const Slices& slices,
                              const std::string& node_name);

struct ServiceReport {
  kube::ObjectKey service;
  std::string not_served;  // why a proxy has nothing to do with it ("headless"); empty: it has
  std::vector<FrontendReport> frontends;
  EndpointCounts endpoints;
  std::vector<Limitation> limitations;
  bool operator==(const ServiceReport&) const = default;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_SERVICE_REPORT_H_
