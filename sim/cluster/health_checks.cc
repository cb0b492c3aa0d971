#include "sim/cluster/health_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "host/services/endpoint_sets.h"
#include "host/services/health.h"
#include "host/services/pass_through.h"
#include "host/services/served_ports.h"
#include "host/services/table_values.h"

namespace pointsman::cluster {
namespace {

using kube::Service;

// The entry of the Service's status that names the balancer; nullptr: it is not on it.
const kube::LoadBalancerIngress* IngressOn(const Service& service,
                                           const LoadBalancerSetup& balancer) {
  if (service.type != kube::ServiceType::kLoadBalancer) return nullptr;
  for (const kube::LoadBalancerIngress& ingress : service.load_balancer_ingress) {
    if (ingress.ip == balancer.address) return &ingress;
  }
  return nullptr;
}

NodeFacts FactsOf(const NodeSetup& node) {
  NodeFacts facts;
  facts.name = node.name;
  facts.zone = node.zone;
  facts.primary_addresses = {node.address};
  return facts;
}

// Names of the nodes that answer 200, by Service.
std::map<kube::ObjectKey, std::set<std::string>> HealthyNodes(const kube::ObjectSet& objects,
                                                              const ClusterSetup& setup) {
  std::map<kube::ObjectKey, std::set<std::string>> healthy;
  for (const NodeSetup& node : setup.nodes) {
    for (const HealthCheckPort& port : HealthCheckPorts(objects, FactsOf(node))) {
      const bool well = AnswerFor(port, /*proxy_healthy=*/true).status == 200;
      if (well) healthy[port.service].insert(node.name);
    }
  }
  return healthy;
}

bool IsEligible(const kube::ObjectSet& objects, const NodeSetup& node) {
  const auto found = objects.nodes.find({kube::Kind::kNode, "", node.name});
  return found != objects.nodes.end() && IsNodeEligible(&found->second);
}

std::vector<Target> PodTargets(const Slices& slices, const ServedPort& port) {
  std::vector<Target> targets;
  for (const ServiceEndpoint& endpoint : EndpointsOfPort(slices, port, {})) {
    if (endpoint.ready) targets.push_back({TableAddress(endpoint.address), endpoint.port});
  }
  return targets;
}

// Looks at one Service after another.
class BalancedServices {
 public:
  explicit BalancedServices(const ClusterSetup& setup) : setup_(setup) {}

  void Add(const Service& service) {
    if (service.type != kube::ServiceType::kLoadBalancer) return;
    for (const kube::LoadBalancerIngress& ingress : service.load_balancer_ingress) {
      const auto has_it = [&](const LoadBalancerSetup& one) {
        return ingress.ip == one.address || ingress.ip == one.public_address;
      };
      if (ingress.ip && std::ranges::none_of(setup_.load_balancers, has_it)) {
        Report(service, "status.loadBalancer.ingress",
               fmt::format("no load balancer has {}", ingress.ip->ToString()));
      }
    }
    for (const LoadBalancerSetup& balancer : setup_.load_balancers) {
      if (IngressOn(service, balancer) != nullptr) AddTo(balancer, service);
    }
  }

  std::vector<kube::Problem> Take() { return std::move(problems_); }

 private:
  struct Taken {
    std::map<std::pair<uint16_t, kube::Protocol>, std::string> ports;
    const Service* first = nullptr;
  };

  void Report(const Service& service, std::string field, std::string message) {
    problems_.push_back({.origin = {},
                         .object = KeyOf(service).ToString(),
                         .field = std::move(field),
                         .message = std::move(message)});
  }

  void AddTo(const LoadBalancerSetup& balancer, const Service& service) {
    Taken& taken = taken_[balancer.name];
    for (const kube::ServicePort& port : service.ports) {
      const auto [owner, added] =
          taken.ports.try_emplace({port.port, port.protocol}, KeyOf(service).ToString());
      if (!added) {
        Report(service, "spec.ports",
               fmt::format("port {} of load balancer {} is {}'s already", port.port, balancer.name,
                           owner->second));
      }
      if (port.node_port == 0 && !balancer.to_pods) {
        Report(service, "spec.ports",
               fmt::format("load balancer {} sends to node ports, and port {} has none",
                           balancer.name, port.port));
      }
    }
    if (taken.first == nullptr) taken.first = &service;
    if (setup_.mode == ForwardingMode::kIpvs &&
        PassThroughOf(*taken.first) != PassThroughOf(service)) {
      Report(service, fmt::format("metadata.annotations[{}]", kPassThroughAnnotation),
             fmt::format("in mode ipvs all Services on a load balancer must have the same setting, "
                         "and {} on {} has another",
                         KeyOf(*taken.first).ToString(), balancer.name));
    }
  }

  const ClusterSetup& setup_;
  std::map<std::string, Taken> taken_;  // by balancer
  std::vector<kube::Problem> problems_;
};

}  // namespace

Listeners ListenersOf(const kube::ObjectSet& objects, const ClusterSetup& setup,
                      const LoadBalancerSetup& balancer) {
  const auto healthy = HealthyNodes(objects, setup);
  const auto slices = SlicesByService(objects);
  Listeners listeners;
  for (const auto& [key, service] : objects.services) {
    const kube::LoadBalancerIngress* ingress = IngressOn(service, balancer);
    if (ingress == nullptr) continue;
    const bool local = service.external_traffic_policy == kube::TrafficPolicy::kLocal;
    const bool passed =
        PassThroughOf(service) != PassThrough::kNo || ingress->ip_mode == kube::IpMode::kProxy;
    for (const ServedPort& port : ServedPorts(service, kube::IpFamily::kIPv4)) {
      Listener listener{.service = key.ToString(), .targets = {}, .is_passed_through = passed};
      if (balancer.to_pods) {
        const auto found = slices.find(key);
        if (found != slices.end()) listener.targets = PodTargets(found->second, port);
      } else {
        for (const NodeSetup& node : setup.nodes) {
          const bool well = local ? healthy.contains(key) && healthy.at(key).contains(node.name)
                                  : IsEligible(objects, node);
          if (well) listener.targets.push_back({TableAddress(node.address), port.node_port});
        }
      }
      listeners[{port.port, TableProtocol(port.protocol)}] = std::move(listener);
    }
  }
  return listeners;
}

std::vector<kube::Problem> ProblemsOfBalancedServices(const kube::ObjectSet& objects,
                                                      const ClusterSetup& setup) {
  BalancedServices checks(setup);
  for (const auto& [key, service] : objects.services) checks.Add(service);
  return checks.Take();
}

}  // namespace pointsman::cluster
