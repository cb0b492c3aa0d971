// Decoding of v1 Pods (host/kube/pod.cc).
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kHead = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: shop}\n";

TEST(PodTest, ReadsEveryField) {
  const Pod pod = DecodeOne<Pod>(kHead + R"(spec:
  nodeName: n1
  hostNetwork: true
  hostname: web-0
  subdomain: web
  initContainers:
    - {name: once, ports: [{name: setup, containerPort: 1}]}
    - {name: sidecar, restartPolicy: Always, ports: [{name: metrics, containerPort: 9090}]}
  containers:
    - {name: a, ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}
    - {name: b}
status:
  phase: Running
  podIP: 10.244.1.7
  podIPs: [{ip: 10.244.1.7}, {ip: "fd00:244:1::7"}]
  conditions:
    - {type: Initialized, status: "False"}
    - {type: Ready, status: "True"}
)");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_TRUE(pod.host_network);
  EXPECT_EQ(pod.hostname, "web-0");
  EXPECT_EQ(pod.subdomain, "web");
  EXPECT_THAT(pod.ports, ElementsAre(ContainerPort{"http", 8080, Protocol::kTcp},
                                     ContainerPort{"", 53, Protocol::kUdp},
                                     ContainerPort{"metrics", 9090, Protocol::kTcp}));
  EXPECT_EQ(pod.phase, PodPhase::kRunning);
  EXPECT_TRUE(pod.ready);
  EXPECT_THAT(pod.pod_ips, ElementsAre(Ip("10.244.1.7"), Ip("fd00:244:1::7")));
}

TEST(PodTest, BeforeItRuns) {
  const Pod pod = DecodeOne<Pod>(kHead + "spec: {containers: [{name: a}]}\nstatus: {podIP: ''}\n");
  EXPECT_EQ(pod.phase, PodPhase::kPending);
  EXPECT_FALSE(pod.ready);
  EXPECT_THAT(pod.pod_ips, IsEmpty());
}

TEST(PodTest, RefusesWhatAnApiServerRefuses) {
  const struct {
    std::string rest;
    std::string problem;
  } kCases[] = {
      {"status: {podIP: here}\n", "status.podIP: 'here' is not an IP address"},
      {"status: {podIPs: [{ip: 10.0.0.256}]}\n",
       "status.podIPs[0].ip: '10.0.0.256' is not an IP address"},
      {"status: {phase: Sleeping}\n",
       "status.phase: 'Sleeping' is none of Pending, Running, Succeeded, Failed, Unknown"},
      {"spec: {containers: [{ports: [{containerPort: 0}]}]}\n",
       "spec.containers[0].ports[0].containerPort: 0 is not a port number (1..65535)"},
      {"spec: {containers: [{ports: [{name: x}]}]}\n",
       "spec.containers[0].ports[0].containerPort: missing; a container port needs a number"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ProblemsOf(kHead + c.rest),
                ElementsAre("bad.yaml:4: Pod shop/web-0: " + c.problem));
  }
}

}  // namespace
}  // namespace pointsman::kube
