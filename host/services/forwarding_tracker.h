// What a node forwards, kept up to date object by object: a change of one Service costs what that
// Service is, not what the cluster is. BuildForwarding (forwarding_builder.h) says what it comes
// to; whatever the order of changes, it comes to the same. No clock, thread, log or I/O; not
// thread-safe.
#ifndef POINTSMAN_HOST_SERVICES_FORWARDING_TRACKER_H_
#define POINTSMAN_HOST_SERVICES_FORWARDING_TRACKER_H_

#include <compare>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/kube/object_set.h"
#include "host/kube/problem.h"
#include "host/services/endpoint_weights.h"
#include "host/services/local_pods.h"
#include "host/services/neighbours.h"
#include "host/services/node_facts.h"
#include "host/services/port_plan.h"
#include "host/services/served_change.h"

namespace pointsman {

class ForwardingTracker {
 public:
  // Takes in everything there is. Borrows the objects; each of their changes must be told before
  // the next call. Changes of Nodes and Pods ask for another tracker.
  ForwardingTracker(const kube::ObjectSet& objects, const NodeFacts& facts);
  ForwardingTracker(const ForwardingTracker&) = delete;
  ForwardingTracker& operator=(const ForwardingTracker&) = delete;

  // Services and EndpointSlices that came, went or are otherwise now. Returns what that changes.
  ServedChange Update(const std::set<kube::ObjectKey>& changed);

  const NodeFacts& facts() const { return facts_; }
  const ServedState& state() const { return state_; }
  // What is left out because the objects are wrong.
  std::vector<kube::Problem> problems() const;

 private:
  struct Planned {
    std::vector<PortPlan> plans;
    std::vector<HealthCheckPort> health_check_ports;
    UdpFrontends udp;
    std::vector<kube::Problem> problems;
  };

  // Somebody who wants a frontend. The least one gets it.
  struct Claim {
    bool node_port = false;
    kube::ObjectKey service;
    size_t plan = 0;     // in Planned::plans
    size_t address = 0;  // in PortPlan::addresses
    friend auto operator<=>(const Claim&, const Claim&) = default;
  };

  void TakeAddresses();
  // The Services that the changes are about.
  std::set<kube::ObjectKey> TakeSlices(const std::set<kube::ObjectKey>& changed);
  void MoveSlice(const kube::ObjectKey& slice, std::set<kube::ObjectKey>& services);
  Slices SlicesOf(const kube::ObjectKey& service) const;

  // The first forgets what a Service wants, the second plans it anew; frontends that it wanted or
  // wants are added to `asked`. They return what it was, and what it serves over UDP.
  Planned Withdraw(const kube::ObjectKey& service, std::set<FrontendKey>& asked);
  const UdpFrontends& Plan(const kube::ObjectKey& service, std::set<FrontendKey>& asked);
  void ReleaseClusterIps(const Planned& before);
  const std::set<Claim>& ClaimsOf(const FrontendKey& key) const;
  const PortPlan& PlanOf(const Claim& claim) const;
  const ServedAddress& AddressOf(const Claim& claim) const;
  std::string NameOf(const Claim& claim) const;

  Frontend FrontendOf(const Claim& claim) const;
  FrontendHalf Half(const EndpointSets& sets, const ClientRule& rule) const;
  ServiceReport ReportOf(const kube::ObjectKey& service);
  kube::Problem Taken(const Claim& claim, const Claim& owner) const;

  void NoteFrontends(const std::set<FrontendKey>& asked, ServedChange& change) const;
  void NoteServices(const std::set<kube::ObjectKey>& services, ServedChange& change);
  void NoteClusterIps(ServedChange& change);
  void NoteHealthCheckPorts(ServedChange& change);

  const kube::ObjectSet& objects_;
  const NodeFacts facts_;
  std::vector<kube::Problem> node_problems_;
  const PodMacs pods_;
  const Neighbours neighbours_;
  EndpointWeights weights_;

  std::map<kube::ObjectKey, kube::ObjectKey> service_of_slice_;
  std::map<kube::ObjectKey, std::map<kube::ObjectKey, const kube::EndpointSlice*>> slices_;
  std::map<kube::ObjectKey, Planned> planned_;  // by Service
  std::map<FrontendKey, std::set<Claim>> claims_;
  std::map<Address, size_t> cluster_ips_;  // how many ports have it
  bool health_changed_ = false;
  bool cluster_ips_changed_ = false;
  ServedState state_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_FORWARDING_TRACKER_H_
