#include "host/kube/derive_slices.h"

#include <fmt/format.h>

#include <set>

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kService =
    "---\napiVersion: v1\nkind: Service\n"
    "metadata: {name: web, namespace: shop, labels: {team: a}}\n"
    "spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{name: http, port: 80, targetPort: "
    "http}]}\n";

struct PodSpec {
  std::string name = "p";
  std::string ns = "shop";
  std::string app = "web";
  std::string phase = "Running";
  std::string ready = "True";
  std::string ips = "[{ip: 10.1.0.1}]";
  int port = 8080;
  std::string deleted = "null";
};

std::string PodText(const PodSpec& pod) {
  return fmt::format(
      "---\napiVersion: v1\nkind: Pod\n"
      "metadata: {{name: {}, namespace: {}, uid: u-{}, labels: {{app: {}, x: y}}, "
      "deletionTimestamp: {}}}\n"
      "spec: {{nodeName: n1, containers: [{{ports: [{{name: http, containerPort: {}}}]}}]}}\n"
      "status: {{phase: {}, podIPs: {}, conditions: [{{type: Ready, status: '{}'}}]}}\n",
      pod.name, pod.ns, pod.name, pod.app, pod.deleted, pod.port, pod.phase, pod.ips, pod.ready);
}

TEST(DeriveSlicesTest, MakesWhatTheControllerMakes) {
  const std::string node =
      "---\napiVersion: v1\nkind: Node\n"
      "metadata: {name: n1, labels: {topology.kubernetes.io/zone: z1}}\n";
  const std::vector<EndpointSlice> slices = DeriveSlices(DecodeAll(kService + PodText({}) + node));
  ASSERT_THAT(slices, SizeIs(1));
  const EndpointSlice& slice = slices[0];
  EXPECT_EQ(slice.metadata.ns, "shop");
  EXPECT_THAT(slice.metadata.name, testing::StartsWith("web-"));
  EXPECT_EQ(
      slice.metadata.labels,
      (StringMap{{"team", "a"},
                 {"kubernetes.io/service-name", "web"},
                 {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}}));
  EXPECT_EQ(slice.address_type, IpFamily::kIPv4);
  EXPECT_THAT(slice.ports, ElementsAre(EndpointPort{"http", Protocol::kTcp, 8080}));
  const Endpoint expected{.addresses = {Ip("10.1.0.1")},
                          .ready = true,
                          .serving = true,
                          .terminating = false,
                          .hostname = "",
                          .node_name = "n1",
                          .zone = "z1",
                          .target_ref = TargetRef{"Pod", "shop", "p", "u-p"},
                          .hints_for_zones = {},
                          .hints_for_nodes = {}};
  EXPECT_THAT(slice.endpoints, ElementsAre(expected));
}

TEST(DeriveSlicesTest, ChoosesPods) {
  const struct {
    PodSpec pod;
    bool chosen;
  } kCases[] = {
      {{}, true},
      {{.ns = "other"}, false},
      {{.ns = "zoo"}, false},
      {{.app = "db"}, false},
      {{.phase = "Succeeded"}, false},
      {{.phase = "Failed"}, false},
      {{.phase = "Pending"}, true},
      {{.ready = "False"}, true},
      {{.ips = "[]"}, false},
      {{.ips = "[{ip: 'fd00::1'}]"}, false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(DeriveSlices(DecodeAll(kService + PodText(c.pod))).size(), c.chosen ? 1u : 0u)
        << PodText(c.pod);
  }
}

TEST(DeriveSlicesTest, Conditions) {
  constexpr char kDeleted[] = "'2026-01-31T12:00:00Z'";
  const struct {
    const char* pod_ready;
    const char* deleted;
    bool publish;
    bool ready, serving, terminating;
  } kCases[] = {
      {"True", "null", false, true, true, false},   {"False", "null", false, false, false, false},
      {"True", kDeleted, false, false, true, true}, {"False", kDeleted, false, false, false, true},
      {"False", "null", true, true, false, false},  {"False", kDeleted, true, true, false, true},
  };
  for (const auto& c : kCases) {
    ObjectSet objects = DecodeAll(kService + PodText({.ready = c.pod_ready, .deleted = c.deleted}));
    objects.services.begin()->second.publish_not_ready_addresses = c.publish;
    const std::vector<EndpointSlice> slices = DeriveSlices(objects);
    ASSERT_THAT(slices, SizeIs(1));
    const Endpoint& endpoint = slices[0].endpoints[0];
    EXPECT_EQ(endpoint.ready, c.ready) << c.pod_ready << c.deleted << c.publish;
    EXPECT_EQ(endpoint.serving, c.serving) << c.pod_ready << c.deleted << c.publish;
    EXPECT_EQ(endpoint.terminating, c.terminating) << c.pod_ready << c.deleted << c.publish;
  }
}

TEST(DeriveSlicesTest, AtMost100EndpointsASliceAndNoneLost) {
  std::string text = kService;
  for (int i = 0; i < 250; ++i) {
    text += PodText({.name = fmt::format("p{}", i), .ips = fmt::format("[{{ip: 10.1.1.{}}}]", i)});
  }
  const ObjectSet objects = DecodeAll(text);
  const std::vector<EndpointSlice> slices = DeriveSlices(objects);
  ASSERT_THAT(slices, SizeIs(3));
  std::set<std::string> addresses;
  std::set<std::string> names;
  for (const EndpointSlice& slice : slices) {
    EXPECT_LE(slice.endpoints.size(), 100u);
    names.insert(slice.metadata.name);
    for (const Endpoint& endpoint : slice.endpoints) {
      addresses.insert(endpoint.addresses[0].ToString());
    }
  }
  EXPECT_EQ(addresses.size(), 250u);
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(DeriveSlices(objects), slices);
}

TEST(DeriveSlicesTest, PodsWithOtherPortNumbersAreInOtherSlices) {
  const std::vector<EndpointSlice> slices =
      DeriveSlices(DecodeAll(kService + PodText({.name = "a"}) +
                             PodText({.name = "b", .port = 9090}) + PodText({.name = "c"})));
  ASSERT_THAT(slices, SizeIs(2));
  EXPECT_EQ(slices[0].endpoints.size() + slices[1].endpoints.size(), 3u);
  EXPECT_NE(slices[0].ports, slices[1].ports);
}

TEST(DeriveSlicesTest, APortWithoutThatNameIsLeftOut) {
  ObjectSet objects = DecodeAll(kService + PodText({}));
  objects.services.begin()->second.ports[0].target_port = "grpc";
  const std::vector<EndpointSlice> slices = DeriveSlices(objects);
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_THAT(slices[0].ports, IsEmpty());
}

TEST(DeriveSlicesTest, ANamedPortMatchesItsProtocolOnly) {
  ObjectSet objects = DecodeAll(kService + PodText({}));
  objects.services.begin()->second.ports[0].protocol = Protocol::kUdp;
  EXPECT_THAT(DeriveSlices(objects)[0].ports, IsEmpty());
}

TEST(DeriveSlicesTest, OneSliceEachFamily) {
  ObjectSet objects = DecodeAll(kService + PodText({.ips = "[{ip: 10.1.0.1}, {ip: 'fd00:1::1'}]"}));
  objects.services.begin()->second.ip_families = {IpFamily::kIPv6, IpFamily::kIPv4};
  const std::vector<EndpointSlice> slices = DeriveSlices(objects);
  ASSERT_THAT(slices, SizeIs(2));
  for (const EndpointSlice& slice : slices) {
    ASSERT_THAT(slice.endpoints, SizeIs(1));
    EXPECT_EQ(slice.endpoints[0].addresses[0].family(), slice.address_type);
  }
}

TEST(DeriveSlicesTest, HeadlessServicesToo) {
  ObjectSet objects = DecodeAll(kService + PodText({}));
  Service& service = objects.services.begin()->second;
  service.headless = true;
  service.cluster_ips.clear();
  objects.pods.begin()->second.hostname = "web-0";
  objects.pods.begin()->second.subdomain = "web";
  const std::vector<EndpointSlice> slices = DeriveSlices(objects);
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_TRUE(slices[0].metadata.labels.contains("service.kubernetes.io/headless"));
  EXPECT_EQ(slices[0].endpoints[0].hostname, "web-0");
}

TEST(DeriveSlicesTest, WhoGetsNone) {
  const std::string slice =
      "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
      "metadata: {name: s, namespace: shop, labels: {kubernetes.io/service-name: web}}\n"
      "addressType: IPv4\n";
  EXPECT_THAT(DeriveSlices(DecodeAll(kService + PodText({}) + slice)), IsEmpty());

  ObjectSet without_selector = DecodeAll(kService + PodText({}));
  without_selector.services.begin()->second.selector.clear();
  EXPECT_THAT(DeriveSlices(without_selector), IsEmpty());

  ObjectSet external = DecodeAll(kService + PodText({}));
  external.services.begin()->second.type = ServiceType::kExternalName;
  EXPECT_THAT(DeriveSlices(external), IsEmpty());
}

TEST(DeriveSlicesTest, EndpointsGoBeforePods) {
  const std::string endpoints =
      "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: shop}\n"
      "subsets: [{addresses: [{ip: 10.9.0.1}], ports: [{name: http, port: 80}]}]\n";
  const std::vector<EndpointSlice> slices =
      DeriveSlices(DecodeAll(kService + PodText({}) + endpoints));
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_THAT(slices[0].endpoints[0].addresses, ElementsAre(Ip("10.9.0.1")));
}

TEST(DeriveSlicesTest, EndpointsWithoutAServiceMakeNone) {
  EXPECT_THAT(DeriveSlices(DecodeAll("apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n"
                                     "subsets: [{addresses: [{ip: 10.9.0.1}]}]\n")),
              IsEmpty());
}

}  // namespace
}  // namespace pointsman::kube
