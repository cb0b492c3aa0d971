#include "sim/cluster/matrix_objects.h"

#include <utility>

#include "host/kube/decode.h"
#include "host/services/pass_through.h"

namespace pointsman::cluster {
namespace {

constexpr char kManifest[] = R"(
apiVersion: v1
kind: Service
metadata: {name: on-node-port}
spec:
  type: NodePort
  externalTrafficPolicy: Local
  clusterIP: 10.247.0.10
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
---
apiVersion: v1
kind: Service
metadata: {name: on-shared-balancer}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  clusterIP: 10.247.0.11
  healthCheckNodePort: 30181
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30081}]
status: {loadBalancer: {ingress: [{ip: 192.168.0.100}]}}
---
apiVersion: v1
kind: Service
metadata: {name: on-dedicated-balancer}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  clusterIP: 10.247.0.12
  healthCheckNodePort: 30182
  selector: {app: ingress-controller}
  ports: [{port: 80, targetPort: 8080, nodePort: 30082}]
status: {loadBalancer: {ingress: [{ip: 192.168.0.101}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: backend, labels: {app: web}}
spec: {nodeName: node-b, containers: [{name: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.2.10, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ingress-controller, labels: {app: ingress-controller}}
spec: {nodeName: node-b, containers: [{name: nginx, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.2.11, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client-a}
spec: {nodeName: node-a, containers: [{name: curl}]}
status: {phase: Running, podIP: 10.244.1.20}
---
apiVersion: v1
kind: Pod
metadata: {name: client-b}
spec: {nodeName: node-b, containers: [{name: curl}]}
status: {phase: Running, podIP: 10.244.2.20}
)";

kube::IpAddress Ip(std::string_view text) {
  return kube::IpAddress::Parse(text).value_or(kube::IpAddress());
}

kube::IpPrefix Prefix(std::string_view text) {
  return kube::IpPrefix::Parse(text).value_or(kube::IpPrefix());
}

NodeSetup Node(const char* name, const char* address, const char* public_address,
               const char* pod_cidr) {
  return {.name = name,
          .address = Ip(address),
          .public_address = Ip(public_address),
          .pod_cidr = Prefix(pod_cidr),
          .zone = ""};
}

void Apply(Remedy remedy, kube::Service& service) {
  if (remedy == Remedy::kClusterPolicy) {
    service.external_traffic_policy = kube::TrafficPolicy::kCluster;
    service.health_check_node_port = 0;
  }
  if (service.type != kube::ServiceType::kLoadBalancer) return;
  if (remedy == Remedy::kPassThrough) {
    service.metadata.annotations[kPassThroughAnnotation] = "true";
  }
  if (remedy == Remedy::kIpModeProxy) {
    for (auto& ingress : service.load_balancer_ingress) ingress.ip_mode = kube::IpMode::kProxy;
  }
}

}  // namespace

ClusterSetup MatrixSetup(const MatrixColumn& column) {
  ClusterSetup setup;
  setup.model = column.model;
  setup.mode = column.mode;
  setup.private_cidr = Prefix("192.168.0.0/24");
  setup.service_cidrs = {Prefix("10.247.0.0/16")};
  setup.nodes = {Node("node-a", "192.168.0.11", "203.0.113.11", "10.244.1.0/24"),
                 Node("node-b", "192.168.0.12", "203.0.113.12", "10.244.2.0/24"),
                 Node("node-c", "192.168.0.13", "203.0.113.13", "10.244.3.0/24")};
  setup.load_balancers = {{.name = "shared",
                           .kind = LoadBalancerKind::kShared,
                           .address = Ip("192.168.0.100"),
                           .public_address = Ip("203.0.113.100")},
                          {.name = "dedicated",
                           .kind = LoadBalancerKind::kDedicated,
                           .address = Ip("192.168.0.101"),
                           .public_address = Ip("203.0.113.101")}};
  setup.outside = {{.name = "outside", .address = Ip("198.51.100.7")}};
  return setup;
}

kube::ObjectSet MatrixObjects(Remedy remedy) {
  kube::ObjectSet objects;
  for (kube::DecodedObject& decoded : kube::DecodeManifest(kManifest, "matrix").objects) {
    if (auto* service = std::get_if<kube::Service>(&decoded.object)) Apply(remedy, *service);
    objects.Apply(std::move(decoded.object));
  }
  return objects;
}

kube::ObjectKey ServiceOf(MatrixService service) {
  constexpr const char* kNames[] = {"on-node-port", "on-shared-balancer", "on-dedicated-balancer"};
  return {kube::Kind::kService, "default", kNames[static_cast<size_t>(service)]};
}

}  // namespace pointsman::cluster
