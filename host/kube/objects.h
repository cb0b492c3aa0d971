// Kubernetes objects as the rest of the manager sees them: plain values under Kubernetes' own field
// names in snake_case (spec and status flattened), with the API's defaults filled in. Whoever makes
// one (host/kube/decode.h) has validated it. `ns` is metadata.namespace.
#ifndef POINTSMAN_HOST_KUBE_OBJECTS_H_
#define POINTSMAN_HOST_KUBE_OBJECTS_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "host/kube/ip_address.h"

namespace pointsman::kube {

enum class Kind : uint8_t { kService, kEndpointSlice, kEndpoints, kNode, kPod, kServiceCidr };

// Kubernetes' name of the kind, "Service".
std::string_view ToString(Kind kind);

// Whether its objects are in namespaces.
constexpr bool IsNamespaced(Kind kind) { return kind != Kind::kNode && kind != Kind::kServiceCidr; }

// Names one object. `ns` is empty for a Node and a ServiceCIDR.
struct ObjectKey {
  Kind kind = Kind::kService;
  std::string ns;
  std::string name;

  // "Service shop/cart", "Node worker-1"
  std::string ToString() const;
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
  friend std::strong_ordering operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

using StringMap = std::map<std::string, std::string, std::less<>>;

struct ObjectMeta {
  std::string name;
  std::string ns;  // "default" where a namespaced object names none; empty for a Node
  std::string uid;
  std::string resource_version;
  StringMap labels;
  StringMap annotations;
  std::optional<absl::Time> creation_timestamp;
  std::optional<absl::Time> deletion_timestamp;
  bool operator==(const ObjectMeta&) const = default;
};

enum class Protocol : uint8_t { kTcp, kUdp, kSctp };
std::string_view ToString(Protocol protocol);  // "TCP"

// A port of a pod by number, or by the name a container gives it.
using PortOrName = std::variant<uint16_t, std::string>;

// ---- v1 Service ----

enum class ServiceType : uint8_t { kClusterIp, kNodePort, kLoadBalancer, kExternalName };
enum class SessionAffinity : uint8_t { kNone, kClientIp };
enum class TrafficPolicy : uint8_t { kCluster, kLocal };
enum class IpMode : uint8_t { kVip, kProxy };

struct ServicePort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
  PortOrName target_port;  // `port` where the object has none
  uint16_t node_port = 0;  // 0: none
  bool operator==(const ServicePort&) const = default;
};

struct LoadBalancerIngress {
  std::optional<IpAddress> ip;
  std::string hostname;
  IpMode ip_mode = IpMode::kVip;
  bool operator==(const LoadBalancerIngress&) const = default;
};

struct Service {
  static constexpr Kind kKind = Kind::kService;

  ObjectMeta metadata;
  ServiceType type = ServiceType::kClusterIp;
  bool headless = false;  // spec.clusterIP: None
  std::vector<IpAddress>
      cluster_ips;                    // spec.clusterIPs, or spec.clusterIP where there is only that
  std::vector<IpFamily> ip_families;  // spec.ipFamilies, or those of cluster_ips, or IPv4
  std::vector<ServicePort> ports;
  StringMap selector;
  std::vector<IpAddress> external_ips;
  std::string external_name;
  SessionAffinity session_affinity = SessionAffinity::kNone;
  int session_affinity_timeout_seconds = 10800;  // sessionAffinityConfig.clientIP.timeoutSeconds
  TrafficPolicy internal_traffic_policy = TrafficPolicy::kCluster;
  TrafficPolicy external_traffic_policy = TrafficPolicy::kCluster;
  std::vector<IpPrefix> load_balancer_source_ranges;  // empty: everybody
  uint16_t health_check_node_port = 0;                // 0: none
  bool publish_not_ready_addresses = false;
  // An open set of names ("PreferClose", "PreferSameNode", ...): a preference, unknown ones are
  // none.
  std::string traffic_distribution;
  std::string load_balancer_class;
  bool allocate_load_balancer_node_ports = true;
  std::vector<LoadBalancerIngress> load_balancer_ingress;  // status.loadBalancer.ingress
  bool operator==(const Service&) const = default;
};

// ---- discovery.k8s.io/v1 EndpointSlice ----

inline constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr std::string_view kManagedByLabel = "endpointslice.kubernetes.io/managed-by";

struct TargetRef {
  std::string kind;
  std::string ns;
  std::string name;
  std::string uid;
  bool operator==(const TargetRef&) const = default;
};

// Absent conditions are filled in as the API says: ready, serving, not terminating.
struct Endpoint {
  std::vector<IpAddress> addresses;  // at least one; proxies use the first
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string hostname;
  std::string node_name;
  std::string zone;
  std::optional<TargetRef> target_ref;
  std::vector<std::string> hints_for_zones;
  std::vector<std::string> hints_for_nodes;
  bool operator==(const Endpoint&) const = default;
};

struct EndpointPort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  std::optional<uint16_t> port;  // none: every port; 0 (slices only): proxies pass over it
  bool operator==(const EndpointPort&) const = default;
};

struct EndpointSlice {
  static constexpr Kind kKind = Kind::kEndpointSlice;

  ObjectMeta metadata;
  IpFamily address_type = IpFamily::kIPv4;
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;

  // The Service it belongs to (by label, same namespace); empty: none.
  std::string ServiceName() const;
  bool operator==(const EndpointSlice&) const = default;
};

// ---- v1 Endpoints, the form before slices ----

struct EndpointAddress {
  IpAddress ip;
  std::string hostname;
  std::string node_name;
  std::optional<TargetRef> target_ref;
  bool operator==(const EndpointAddress&) const = default;
};

struct EndpointSubset {
  std::vector<EndpointAddress> addresses;
  std::vector<EndpointAddress> not_ready_addresses;
  std::vector<EndpointPort> ports;
  bool operator==(const EndpointSubset&) const = default;
};

struct Endpoints {
  static constexpr Kind kKind = Kind::kEndpoints;

  ObjectMeta metadata;
  std::vector<EndpointSubset> subsets;
  bool operator==(const Endpoints&) const = default;
};

// ---- v1 Node ----

struct NodeAddress {
  std::string type;     // "InternalIP", "ExternalIP", "Hostname", ...
  std::string address;  // an IP address or a name, as type says
  bool operator==(const NodeAddress&) const = default;
};

struct Taint {
  std::string key;
  std::string value;
  std::string effect;
  bool operator==(const Taint&) const = default;
};

struct Node {
  static constexpr Kind kKind = Kind::kNode;

  ObjectMeta metadata;
  std::vector<IpPrefix> pod_cidrs;
  std::vector<Taint> taints;
  std::vector<NodeAddress> addresses;
  bool operator==(const Node&) const = default;
};

// ---- v1 Pod ----

struct ContainerPort {
  std::string name;
  uint16_t container_port = 0;
  Protocol protocol = Protocol::kTcp;
  bool operator==(const ContainerPort&) const = default;
};

enum class PodPhase : uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };

struct Pod {
  static constexpr Kind kKind = Kind::kPod;

  ObjectMeta metadata;
  std::string node_name;
  bool host_network = false;
  std::string hostname;
  std::string subdomain;
  // Of all containers in order, then of the sidecars (init containers that restart always).
  std::vector<ContainerPort> ports;
  PodPhase phase = PodPhase::kPending;
  bool ready = false;  // the Ready condition is True
  std::vector<IpAddress> pod_ips;
  bool operator==(const Pod&) const = default;
};

// ---- networking.k8s.io/v1 ServiceCIDR (KEP-1880) ----

struct ServiceCidr {
  static constexpr Kind kKind = Kind::kServiceCidr;

  ObjectMeta metadata;
  std::vector<IpPrefix> cidrs;  // cluster IPs are of these; at most one a family
  bool operator==(const ServiceCidr&) const = default;
};

using Object = std::variant<Service, EndpointSlice, Endpoints, Node, Pod, ServiceCidr>;

const ObjectMeta& Metadata(const Object& object);
ObjectKey KeyOf(const Object& object);

template <typename T>
ObjectKey KeyOf(const T& object) {
  return {T::kKind, object.metadata.ns, object.metadata.name};
}

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_OBJECTS_H_
