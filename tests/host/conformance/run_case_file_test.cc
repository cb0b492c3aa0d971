#include "host/conformance/run_case_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kService[] = R"(
          - apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec:
              type: LoadBalancer
              clusterIP: 10.96.0.10
              clusterIPs: [10.96.0.10]
              externalTrafficPolicy: Local
              healthCheckNodePort: 31005
              ports: [{protocol: UDP, port: 53, nodePort: 30053}]
)";
constexpr char kSlice[] = R"(
          - apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
            addressType: IPv4
            endpoints:
              - {addresses: [10.244.1.10], nodeName: worker-1, hints: {forZones: [{name: a}]}}
              - {addresses: [10.244.2.20], nodeName: worker-2, hints: {forZones: [{name: b}]}}
            ports: [{protocol: UDP, port: 5353}]
)";

std::string Document(const std::string& kind, const std::string& rest) {
  return "format: service-proxy-conformance/" + kind + "/v1\ncases:\n" + rest;
}

// `objects` of a case; the case goes on with `rest`.
std::string CaseOf(const std::string& head, const std::string& rest) {
  return "  - name: c\n" + head + "    objects:" + kService + kSlice + rest;
}

absl::StatusOr<std::vector<CaseResult>> RunText(const std::string& text) {
  return RunCaseFile(text, "a.yaml",
                     [](const CaseFile&) { return absl::UnavailableError("no packets here"); });
}

// What fails, by name of the case.
std::vector<std::string> Verdicts(const std::string& text) {
  const auto results = RunText(text);
  if (!results.ok()) return {std::string(results.status().message())};
  std::vector<std::string> out;
  for (const CaseResult& result : *results) {
    const char* words[] = {"passed", "failed", "skipped"};
    out.push_back(result.name + " " + words[static_cast<int>(result.status)]);
    if (!result.detail.empty()) out.back() += ": " + result.detail;
  }
  return out;
}

TEST(RunCaseFileTest, Topology) {
  const auto with = [](const std::string& expect) {
    return Document("topology",
                    CaseOf("    node: {nodeName: worker-2, labels: {topology.kubernetes.io/zone: "
                           "a}}\n",
                           "    expect: " + expect + "\n"));
  };
  EXPECT_THAT(Verdicts(with("{cluster: ['10.244.1.10:5353'], local: ['10.244.2.20:5353'], "
                            "all: ['10.244.1.10:5353', '10.244.2.20:5353'], any_endpoint: true}")),
              ElementsAre("c passed"));
  EXPECT_THAT(Verdicts(with("{cluster: ['10.244.2.20:5353'], local: null, "
                            "all: ['10.244.1.10:5353', '10.244.2.20:5353'], any_endpoint: true}")),
              ElementsAre("c failed: cluster: expected [\"10.244.2.20:5353\"], met "
                          "[\"10.244.1.10:5353\"]\n    local: expected null, met "
                          "[\"10.244.2.20:5353\"]"));
}

TEST(RunCaseFileTest, GatesThatMustBeOffSkipACase) {
  const std::string head = "    node: {nodeName: worker-1}\n    gates: {SomeGate: false}\n";
  EXPECT_THAT(Verdicts(Document("topology", CaseOf(head, "    expect: {any_endpoint: false}\n"))),
              ElementsAre(HasSubstr("c skipped: holds with feature gate SomeGate off")));
}

TEST(RunCaseFileTest, Services) {
  const auto with = [](const std::string& port, const std::string& rest) {
    return Document("services", CaseOf("",
                                       "    expect:\n      ports:\n        - {service: shop/web, "
                                       "port_name: '', protocol: UDP, cluster_ip: 10.96.0.10, " +
                                           port + "}\n" + rest));
  };
  const std::string port = "port: 53, node_port: 30053, health_check_node_port: 31005";
  EXPECT_THAT(Verdicts(with(port,
                            "      updated: [shop/web]\n      udp_ports: ['shop/web:']\n"
                            "      health_check_node_ports: {shop/web: 31005}\n")),
              ElementsAre("c passed"));
  EXPECT_THAT(Verdicts(with("port: 54", "")),
              ElementsAre(StartsWith("c failed: ports: expected ")));
  EXPECT_THAT(Verdicts(with(port, "      deleted_ports: [shop/other]\n")),
              ElementsAre("c failed: deleted_ports: expected [\"shop/other\"], met []"));
}

TEST(RunCaseFileTest, ServicesInSteps) {
  EXPECT_THAT(Verdicts(Document("services", std::string("  - name: c\n    steps:\n      - apply:") +
                                                kService +
                                                "      - name: away\n"
                                                "        delete: [{kind: Service, namespace: shop, "
                                                "name: web}]\n"
                                                "        expect: {ports: [], updated: [shop/web], "
                                                "deleted_ports: [shop/web]}\n"
                                                "      - order: apply, delete\n"
                                                "        apply:" +
                                                kService +
                                                "        delete: [{kind: Service, namespace: shop, "
                                                "name: web}]\n"
                                                "        expect: {ports: [], updated: []}\n")),
              ElementsAre("c / away passed", "c / step 3 passed"));
}

TEST(RunCaseFileTest, Endpoints) {
  const auto with = [](const std::string& expect) {
    return Document("endpoints", std::string("  - name: c\n    node: {nodeName: worker-1}\n"
                                             "    steps:\n      - apply:") +
                                     kSlice + "        expect: " + expect + "\n");
  };
  const std::string remote =
      "{endpoint: '10.244.2.20:5353', local: false, ready: true, serving: true, terminating: "
      "false}";
  const std::string local =
      "{endpoint: '10.244.1.10:5353', local: true, ready: true, serving: true, terminating: "
      "false}";
  EXPECT_THAT(
      Verdicts(with("{endpoints: {shop/web: [" + remote + ", " + local +
                    "]}, changed: true, changed_services: [shop/web], udp_cleanup_needed: true, "
                    "local_ready_ips: {shop/web: [10.244.1.10]}, local_ready_counts: "
                    "{shop/web: 1}}")),
      ElementsAre("c / step 1 passed"));
  EXPECT_THAT(Verdicts(with("{endpoints: {shop/web: [" + local + "]}}")),
              ElementsAre(StartsWith("c / step 1 failed: endpoints: ")));
  EXPECT_THAT(Verdicts(with("{udp_cleanup_needed: false}")),
              ElementsAre("c / step 1 failed: udp_cleanup_needed: expected false, met true"));
}

TEST(RunCaseFileTest, Conntrack) {
  const auto with = [](const std::string& list) {
    return Document("conntrack",
                    CaseOf("", "    expect:\n      " + list +
                                   ":\n        - {protocol: UDP, source: 10.0.0.2, destination: "
                                   "10.96.0.10, port: 53, reply_source: 10.244.1.99, reply_port: "
                                   "5353}\n"));
  };
  EXPECT_THAT(Verdicts(with("delete")), ElementsAre("c passed"));
  EXPECT_THAT(Verdicts(with("keep")),
              ElementsAre("c failed: UDP 10.0.0.2 to 10.96.0.10:53, answered by 10.244.1.99:5353: "
                          "expected \"keep\", met \"delete\""));
}

TEST(RunCaseFileTest, ServiceCidrs) {
  const auto with = [](const std::string& expect) {
    return Document("service-cidrs",
                    "  - name: c\n    family: IPv6\n    steps:\n"
                    "      - {service_cidrs: [10.96.0.0/16, 'fd00::/112'], expect: [" +
                        expect + "]}\n");
  };
  EXPECT_THAT(Verdicts(with("'fd00::/112'")), ElementsAre("c / step 1 passed"));
  EXPECT_THAT(Verdicts(with("10.96.0.0/16")),
              ElementsAre("c / step 1 failed: service ranges: expected [\"10.96.0.0/16\"], met "
                          "[\"fd00::/112\"]"));
}

TEST(RunCaseFileTest, HealthCheckPorts) {
  const auto with = [](const std::string& listens, const std::string& probe) {
    return Document(
        "healthcheck",
        std::string("  - name: c\n    node: {nodeName: worker-1, nodeIPs: [192.168.0.2], "
                    "nodePortAddresses: [primary]}\n    steps:\n      - apply:") +
            kService + kSlice + "        listens: [" + listens + "]\n        probe: [{" + probe +
            "}]\n"
            "      - delete: [{kind: Service, namespace: shop, name: web}]\n"
            "        listens: []\n");
  };
  EXPECT_THAT(
      Verdicts(with("'192.168.0.2:31005'",
                    "port: 31005, status: 200, local_endpoints: 1, response: {headers: "
                    "{X-Load-Balancing-Endpoint-Weight: 1}, body: {service: {namespace: shop, "
                    "name: web}}}")),
      ElementsAre("c / step 1 passed", "c / step 2 passed"));
  EXPECT_THAT(Verdicts(with("'192.168.0.2:31005'",
                            "port: 31005, proxy_healthy: false, status: 503, local_endpoints: 1")),
              ElementsAre("c / step 1 passed", "c / step 2 passed"));
  EXPECT_THAT(Verdicts(with("'192.168.0.3:31005'", "port: 31006, status: 200")),
              ElementsAre(StartsWith("c / step 1 failed: listens: expected "
                                     "[\"192.168.0.3:31005\"], met [\"192.168.0.2:31005\"]"),
                          "c / step 2 passed"));
}

TEST(RunCaseFileTest, HealthTimeline) {
  EXPECT_THAT(
      Verdicts(
          Document("healthcheck",
                   "  - name: c\n    endpoint: /healthz\n    stale_after_seconds: 10\n"
                   "    timeline:\n"
                   "      - {name: start, event: 'synced IPv4, IPv6; wait 60', status: 200}\n"
                   "      - {name: late, event: 'queue IPv6; wait 10', status: 503, unhealthy: "
                   "[IPv6]}\n"
                   "      - {name: leaves, event: 'synced IPv6; node deletionTimestamp', status: "
                   "503, node_eligible: false}\n"
                   "      - {name: wrong, event: node taint x, status: 503, unhealthy: [IPv4]}\n")),
      ElementsAre("c / start passed", "c / late passed", "c / leaves passed",
                  "c / wrong failed: status: expected 503, met 200\n    unhealthy: expected "
                  "[\"IPv4\"], met []"));
}

TEST(RunCaseFileTest, PacketsAreForWhoeverHasADatapath) {
  EXPECT_EQ(RunText("format: service-proxy-conformance/packet/v1\nscenarios: []\n").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(RunCaseFileTest, ErrorsNameFileLineAndField) {
  const struct {
    std::string text;
    const char* where;
    const char* what;
  } cases[] = {{"format: service-proxy-conformance/session/v1\n",
                "a.yaml:1: format: ", "kind 'session' is none of packet, topology"},
               {"format: service-proxy-conformance//v1\n", "a.yaml:1: format: ", "is not"},
               {"{}\n---\n{}\n", "a.yaml: ", "2 documents"},
               {"format: service-proxy-conformance/topology/v1\n", "a.yaml:1: cases: ", "missing"},
               {Document("topology", "  - {name: c}\n"), "a.yaml:3: cases[0].expect: ", "missing"},
               {Document("services", "  - {name: c, expect: {ports: [{port: 80}]}}\n"),
                "a.yaml:3: cases[0].expect.ports[0].service: ", "missing"},
               {Document("conntrack", "  - {name: c, expect: {delete: [{protocol: UDP}]}}\n"),
                "a.yaml:3: cases[0].expect.delete[0].destination: ", "missing"},
               {Document("endpoints", "  - {name: c, steps: [{delete: [{kind: Service}]}]}\n"),
                "a.yaml:3: cases[0].steps[0].delete[0].name: ", "missing"},
               {Document("service-cidrs", "  - {name: c, family: IPv5}\n"),
                "a.yaml:3: cases[0].family: ", "IPv5"},
               {Document("healthcheck", "  - {name: c, node: {nodeName: n}, probe: [{path: /}]}\n"),
                "a.yaml:3: cases[0].probe[0].port: ", "missing"},
               {Document("healthcheck",
                         "  - {name: c, endpoint: /livez, stale_after_seconds: 1, timeline: "
                         "[{name: t, event: jump, status: 200}]}\n"),
                "a.yaml:3: cases[0].timeline[0].event: ", "'jump'"}};
  for (const auto& test_case : cases) {
    SCOPED_TRACE(test_case.text);
    const absl::Status status = RunText(test_case.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith(test_case.where));
    EXPECT_THAT(std::string(status.message()), HasSubstr(test_case.what));
  }
}

}  // namespace
}  // namespace pointsman::conformance
