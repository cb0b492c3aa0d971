// Manifests of a small world for the agent's tests: Node n1, Service shop/web with two endpoints.
#ifndef POINTSMAN_TESTS_HOST_AGENT_MANIFESTS_H_
#define POINTSMAN_TESTS_HOST_AGENT_MANIFESTS_H_

namespace pointsman::test {

inline constexpr char kNodeManifest[] = R"(apiVersion: v1
kind: Node
metadata:
  name: n1
  annotations: {pointsman.io/gateway-mac: '02:00:00:00:01:01', pointsman.io/node-mac: '02:00:00:00:01:02'}
spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
)";

inline constexpr char kServiceManifest[] = R"(apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.10, clusterIPs: ['10.96.0.10'], ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
  - {addresses: [10.244.1.10], nodeName: n1, conditions: {ready: true}}
  - {addresses: [10.244.2.20], nodeName: n2, conditions: {ready: true}}
ports: [{port: 8080, protocol: TCP}]
)";

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_HOST_AGENT_MANIFESTS_H_
