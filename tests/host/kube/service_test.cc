// Decoding of v1 Services (host/kube/service.cc).
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kHead[] = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";

Service DecodeSpec(const std::string& rest) { return DecodeOne<Service>(kHead + rest); }

TEST(ServiceTest, FillsInDefaults) {
  const Service service = DecodeSpec("spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}\n");
  EXPECT_EQ(KeyOf(service).ToString(), "Service shop/web");
  EXPECT_EQ(service.type, ServiceType::kClusterIp);
  EXPECT_FALSE(service.headless);
  EXPECT_THAT(service.cluster_ips, ElementsAre(Ip("10.96.0.10")));
  EXPECT_THAT(service.ip_families, ElementsAre(IpFamily::kIPv4));
  EXPECT_THAT(service.ports, ElementsAre(ServicePort{"", Protocol::kTcp, 80, uint16_t{80}, 0}));
  EXPECT_EQ(service.session_affinity, SessionAffinity::kNone);
  EXPECT_EQ(service.session_affinity_timeout_seconds, 10800);
  EXPECT_EQ(service.internal_traffic_policy, TrafficPolicy::kCluster);
  EXPECT_EQ(service.external_traffic_policy, TrafficPolicy::kCluster);
  EXPECT_TRUE(service.allocate_load_balancer_node_ports);
  EXPECT_FALSE(service.publish_not_ready_addresses);
  EXPECT_THAT(service.load_balancer_ingress, IsEmpty());
}

TEST(ServiceTest, ReadsEveryField) {
  const Service service = DecodeOne<Service>(R"(
apiVersion: v1
kind: Service
metadata:
  name: web
  uid: 6c1f
  resourceVersion: "77"
  labels: {team: shop}
  annotations: {a.b/c: "1"}
  creationTimestamp: "2026-01-31T12:00:00Z"
  deletionTimestamp: 2026-02-01T12:00:00Z
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, "fd00:10:96::a"]
  ipFamilies: [IPv4, IPv6]
  ipFamilyPolicy: PreferDualStack
  ports:
    - {name: http, protocol: TCP, appProtocol: kubernetes.io/h2c, port: 80, targetPort: web, nodePort: 30080}
    - {name: dns, protocol: UDP, port: 80, targetPort: 5353}
    - {name: sig, protocol: SCTP, port: 80}
  selector: {app: web}
  externalIPs: [192.0.2.7]
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
  internalTrafficPolicy: Local
  externalTrafficPolicy: Local
  loadBalancerSourceRanges: [203.0.113.0/25, " 10.0.0.0/8 "]
  healthCheckNodePort: 32000
  publishNotReadyAddresses: true
  trafficDistribution: PreferSameNode
  loadBalancerClass: example.com/lb
  allocateLoadBalancerNodePorts: false
  someFieldOfTomorrow: {x: [1]}
status:
  loadBalancer:
    ingress:
      - {ip: 198.51.100.1, ipMode: Proxy}
      - {hostname: lb.example.com}
)");
  EXPECT_EQ(service.metadata.ns, "default");
  EXPECT_EQ(service.metadata.uid, "6c1f");
  EXPECT_EQ(service.metadata.resource_version, "77");
  EXPECT_EQ(service.metadata.labels, (StringMap{{"team", "shop"}}));
  EXPECT_EQ(service.metadata.annotations, (StringMap{{"a.b/c", "1"}}));
  EXPECT_EQ(service.metadata.deletion_timestamp,
            *service.metadata.creation_timestamp + absl::Hours(24));
  EXPECT_EQ(service.type, ServiceType::kLoadBalancer);
  EXPECT_THAT(service.cluster_ips, ElementsAre(Ip("10.96.0.10"), Ip("fd00:10:96::a")));
  EXPECT_THAT(service.ip_families, ElementsAre(IpFamily::kIPv4, IpFamily::kIPv6));
  EXPECT_THAT(service.ports, ElementsAre(ServicePort{"http", Protocol::kTcp, 80, "web", 30080},
                                         ServicePort{"dns", Protocol::kUdp, 80, uint16_t{5353}, 0},
                                         ServicePort{"sig", Protocol::kSctp, 80, uint16_t{80}, 0}));
  EXPECT_EQ(service.selector, (StringMap{{"app", "web"}}));
  EXPECT_THAT(service.external_ips, ElementsAre(Ip("192.0.2.7")));
  EXPECT_EQ(service.session_affinity, SessionAffinity::kClientIp);
  EXPECT_EQ(service.session_affinity_timeout_seconds, 60);
  EXPECT_EQ(service.internal_traffic_policy, TrafficPolicy::kLocal);
  EXPECT_EQ(service.external_traffic_policy, TrafficPolicy::kLocal);
  EXPECT_THAT(service.load_balancer_source_ranges,
              ElementsAre(Cidr("203.0.113.0/25"), Cidr("10.0.0.0/8")));
  EXPECT_EQ(service.health_check_node_port, 32000);
  EXPECT_TRUE(service.publish_not_ready_addresses);
  EXPECT_EQ(service.traffic_distribution, "PreferSameNode");
  EXPECT_EQ(service.load_balancer_class, "example.com/lb");
  EXPECT_FALSE(service.allocate_load_balancer_node_ports);
  EXPECT_THAT(service.load_balancer_ingress,
              ElementsAre(LoadBalancerIngress{Ip("198.51.100.1"), "", IpMode::kProxy},
                          LoadBalancerIngress{std::nullopt, "lb.example.com", IpMode::kVip}));
}

TEST(ServiceTest, HeadlessAndExternalName) {
  EXPECT_TRUE(DecodeSpec("spec: {clusterIP: None}\n").headless);
  const Service listed = DecodeSpec("spec: {clusterIP: None, clusterIPs: [None]}\n");
  EXPECT_TRUE(listed.headless);
  EXPECT_THAT(listed.cluster_ips, IsEmpty());
  const Service external = DecodeSpec("spec: {type: ExternalName, externalName: db.example.com}\n");
  EXPECT_EQ(external.external_name, "db.example.com");
  EXPECT_THAT(external.cluster_ips, IsEmpty());
}

TEST(ServiceTest, TakesFamiliesFromAddresses) {
  const Service service = DecodeSpec("spec: {clusterIP: 'fd00::1', ports: [{port: 80}]}\n");
  EXPECT_THAT(service.ip_families, ElementsAre(IpFamily::kIPv6));
}

TEST(ServiceTest, NullIsAbsent) {
  const Service service = DecodeSpec(
      "spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: null}], selector: ~}\n"
      "status: {loadBalancer: null}\n");
  EXPECT_EQ(service.ports[0].target_port, PortOrName(uint16_t{80}));
}

TEST(ServiceTest, RefusesWhatAnApiServerRefuses) {
  const struct {
    const char* rest;  // from line 4
    const char* problem;
  } kCases[] = {
      {"spec: {clusterIP: 10.0.0.1, ports: [{name: a, port: 80}, {name: b, port: 0}]}\n",
       "spec.ports[1].port: 0 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 65536}]}\n",
       "spec.ports[0].port: 65536 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: -1}]}\n",
       "spec.ports[0].port: -1 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 99999999999999999999}]}\n",
       "spec.ports[0].port: 99999999999999999999 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80.5}]}\n",
       "spec.ports[0].port: 80.5 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 080}]}\n",
       "spec.ports[0].port: 080 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: '80'}]}\n",
       "spec.ports[0].port: '80' is text where a number is expected; leave out the quotes"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: [80]}]}\n",
       "spec.ports[0].port: a list is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{name: a}]}\n",
       "spec.ports[0].port: missing; every Service port needs a number"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: 0}]}\n",
       "spec.ports[0].targetPort: 0 is not a port number (1..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: '8080'}]}\n",
       "spec.ports[0].targetPort: '8080' is not a port name; write a number without quotes"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: 70000}]}\n",
       "spec.ports[0].nodePort: 70000 is not a port number (0..65535)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80, protocol: tcp}]}\n",
       "spec.ports[0].protocol: 'tcp' is none of TCP, UDP, SCTP"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}, {name: b, port: 81}]}\n",
       "spec.ports: port 80 needs a name, as there are several"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{name: a, port: 80}, {name: a, port: 81}]}\n",
       "spec.ports: two ports are named 'a'"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{name: a, port: 80}, {name: b, port: 80}]}\n",
       "spec.ports: 80/TCP stands there twice"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{name: a, port: 1, nodePort: 30000}, {name: b, port: "
       "2, nodePort: 30000}]}\n",
       "spec.ports: node port 30000/TCP stands there twice"},
      {"spec: {clusterIP: 10.0.0.1}\n",
       "spec.ports: missing; a Service that is not headless needs at least one port"},
      {"spec: {clusterIP: 10.0.0.1, ports: {port: 80}}\n", nullptr},
      {"spec: {clusterIP: 10.0.0.300, ports: [{port: 80}]}\n",
       "spec.clusterIP: '10.0.0.300' is not an IP address"},
      {"spec: {clusterIP: 10.5, ports: [{port: 80}]}\n",
       "spec.clusterIP: 10.5 is a number where text is expected; put it in quotes"},
      {"spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2], ports: [{port: 80}]}\n",
       "spec.clusterIP: 10.0.0.1 is not spec.clusterIPs[0], 10.0.0.2"},
      {"spec: {clusterIPs: [10.0.0.2, x], ports: [{port: 80}]}\n",
       "spec.clusterIPs[1]: 'x' is not an IP address"},
      {"spec: {clusterIP: 10.0.0.1, ipFamilies: [IPv6], ports: [{port: 80}]}\n",
       "spec.clusterIPs: 10.0.0.1 is not of the family IPv6 that spec.ipFamilies[0] says"},
      {"spec: {clusterIP: 10.0.0.1, ipFamilies: [IPv5], ports: [{port: 80}]}\n",
       "spec.ipFamilies[0]: 'IPv5' is none of IPv4, IPv6"},
      {"spec: {clusterIP: 10.0.0.1, ipFamilies: [IPv4, IPv4], ports: [{port: 80}]}\n",
       "spec.ipFamilies: the same family twice"},
      {"spec: {type: Loadbalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}\n",
       "spec.type: 'Loadbalancer' is none of ClusterIP, NodePort, LoadBalancer, ExternalName"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], externalIPs: [127.0.0.1]}\n",
       "spec.externalIPs[0]: 127.0.0.1 is a loopback address; nothing can be sent to it from "
       "elsewhere"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], sessionAffinity: Client}\n",
       "spec.sessionAffinity: 'Client' is none of None, ClientIP"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], sessionAffinityConfig: {clientIP: "
       "{timeoutSeconds: 86401}}}\n",
       "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 86401 is not a time in seconds "
       "(1..86400)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], internalTrafficPolicy: local}\n",
       "spec.internalTrafficPolicy: 'local' is none of Cluster, Local"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], externalTrafficPolicy: X}\n",
       "spec.externalTrafficPolicy: 'X' is none of Cluster, Local"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], loadBalancerSourceRanges: "
       "[10.0.0.0/40]}\n",
       "spec.loadBalancerSourceRanges[0]: '10.0.0.0/40' is not a CIDR block: its length is too "
       "long (write it like 10.0.0.0/8 or fd00::/64)"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], selector: {app: 1}}\n",
       "spec.selector.app: 1 is a number where text is expected; put it in quotes"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}], publishNotReadyAddresses: 'yes'}\n",
       "spec.publishNotReadyAddresses: true or false is expected, here is text"},
      {"spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\nstatus: {loadBalancer: {ingress: [{ip: "
       "a.b}]}}\n",
       "status.loadBalancer.ingress[0].ip: 'a.b' is not an IP address"},
      {"spec: [1]\n", nullptr},
  };
  for (const auto& c : kCases) {
    const std::vector<std::string> problems = ProblemsOf(std::string(kHead) + c.rest);
    ASSERT_FALSE(problems.empty()) << c.rest;
    if (c.problem == nullptr) continue;
    EXPECT_THAT(problems, ElementsAre(testing::AllOf(
                              testing::StartsWith("bad.yaml:"),
                              testing::EndsWith(std::string(": Service shop/web: ") + c.problem))))
        << c.rest;
  }
}

TEST(ServiceTest, FindsEverythingInOnePassWithLines) {
  EXPECT_THAT(ProblemsOf(std::string(kHead) + "spec:\n"
                                              "  type: Foo\n"
                                              "  clusterIP: 10.0.0.1\n"
                                              "  ports:\n"
                                              "    - port: 0\n"),
              ElementsAre("bad.yaml:5: Service shop/web: spec.type: 'Foo' is none of ClusterIP, "
                          "NodePort, LoadBalancer, ExternalName",
                          "bad.yaml:8: Service shop/web: spec.ports[0].port: 0 is not a port "
                          "number (1..65535)"));
}

}  // namespace
}  // namespace pointsman::kube
