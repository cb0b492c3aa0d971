// Decoding of discovery.k8s.io/v1 EndpointSlices (host/kube/endpoint_slice.cc).
#include <fmt/format.h>

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kHead =
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}\n";

TEST(EndpointSliceTest, ReadsEveryField) {
  const EndpointSlice slice = DecodeOne<EndpointSlice>(kHead + R"(addressType: IPv6
endpoints:
  - addresses: ["fd00::1"]
    conditions: {ready: false, serving: true, terminating: true}
    hostname: web-0
    nodeName: n1
    zone: z1
    targetRef: {kind: Pod, namespace: shop, name: web-0, uid: u}
    hints: {forZones: [{name: z1}, {name: z2}], forNodes: [{name: n1}]}
ports:
  - {name: http, protocol: UDP, port: 8080}
  - {}
  - {name: none, port: 0}
)");
  EXPECT_EQ(slice.ServiceName(), "web");
  EXPECT_EQ(slice.address_type, IpFamily::kIPv6);
  const Endpoint expected{.addresses = {Ip("fd00::1")},
                          .ready = false,
                          .serving = true,
                          .terminating = true,
                          .hostname = "web-0",
                          .node_name = "n1",
                          .zone = "z1",
                          .target_ref = TargetRef{"Pod", "shop", "web-0", "u"},
                          .hints_for_zones = {"z1", "z2"},
                          .hints_for_nodes = {"n1"}};
  EXPECT_THAT(slice.endpoints, ElementsAre(expected));
  EXPECT_THAT(slice.ports, ElementsAre(EndpointPort{"http", Protocol::kUdp, 8080},
                                       EndpointPort{"", Protocol::kTcp, std::nullopt},
                                       EndpointPort{"none", Protocol::kTcp, 0}));
}

TEST(EndpointSliceTest, AbsentConditionsMeanReadyAndServing) {
  for (const char* conditions :
       {"", ", conditions: {}", ", conditions: null", ", conditions: {ready: null, serving: ~}"}) {
    const EndpointSlice slice = DecodeOne<EndpointSlice>(fmt::format(
        "{}addressType: IPv4\nendpoints: [{{addresses: [10.0.0.1]{}}}]\n", kHead, conditions));
    ASSERT_EQ(slice.endpoints.size(), 1u);
    EXPECT_TRUE(slice.endpoints[0].ready) << conditions;
    EXPECT_TRUE(slice.endpoints[0].serving) << conditions;
    EXPECT_FALSE(slice.endpoints[0].terminating) << conditions;
  }
}

TEST(EndpointSliceTest, NoEndpointsIsFine) {
  EXPECT_THAT(DecodeOne<EndpointSlice>(kHead + "addressType: IPv4\nendpoints: null\n").endpoints,
              IsEmpty());
}

TEST(EndpointSliceTest, NamesAreLeftOutWithANote) {
  const Decoded decoded = DecodeManifest(
      kHead + "addressType: FQDN\nendpoints: [{addresses: [a.example]}]\n", "f.yaml");
  EXPECT_THAT(decoded.objects, IsEmpty());
  EXPECT_THAT(Texts(decoded.problems), IsEmpty());
  EXPECT_THAT(Texts(decoded.notes),
              ElementsAre("f.yaml:1: EndpointSlice shop/web-1: addressType FQDN has no addresses "
                          "to forward to; left out"));
}

TEST(EndpointSliceTest, RefusesWhatAnApiServerRefuses) {
  const struct {
    std::string rest;
    std::string problem;
  } kCases[] = {
      {"addressType: ipv4\n", "addressType: 'ipv4' is none of IPv4, IPv6, FQDN"},
      {"endpoints: []\n", "addressType: '' is none of IPv4, IPv6, FQDN"},
      {"addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}, {addresses: ['fd00::1']}]\n",
       "endpoints[1].addresses[0]: fd00::1 is an IPv6 address in a slice of addressType IPv4"},
      {"addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]\n",
       "endpoints[0].addresses[0]: 10.0.0.1 is an IPv4 address in a slice of addressType IPv6"},
      {"addressType: IPv4\nendpoints: [{addresses: [web]}]\n",
       "endpoints[0].addresses[0]: 'web' is not an IP address"},
      {"addressType: IPv4\nendpoints: [{addresses: [0.0.0.0]}]\n",
       "endpoints[0].addresses[0]: 0.0.0.0 is the unspecified address; nothing can be sent to it "
       "from elsewhere"},
      {"addressType: IPv4\nendpoints: [{addresses: []}]\n",
       "endpoints[0].addresses: missing; an endpoint needs an address"},
      {"addressType: IPv4\nendpoints: [{nodeName: n}]\n",
       "endpoints[0].addresses: missing; an endpoint needs an address"},
      {"addressType: IPv4\nports: [{port: 65536}]\n",
       "ports[0].port: 65536 is not a port number (0..65535)"},
      {"addressType: IPv4\nports: [{port: 80, protocol: ICMP}]\n",
       "ports[0].protocol: 'ICMP' is none of TCP, UDP, SCTP"},
      {"addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: 1}}]\n",
       "endpoints[0].conditions.ready: true or false is expected, here is a number"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(
        ProblemsOf(kHead + c.rest),
        ElementsAre(testing::AllOf(testing::StartsWith("bad.yaml:"),
                                   testing::EndsWith(": EndpointSlice shop/web-1: " + c.problem))))
        << c.rest;
  }
}

std::string SliceOf(int endpoints) {
  std::string text = kHead + "addressType: IPv4\nendpoints:\n";
  for (int i = 0; i < endpoints; ++i) {
    text += fmt::format("- addresses: [10.0.{}.{}]\n", i / 256, i % 256);
  }
  return text;
}

TEST(EndpointSliceTest, HoldsAtMost1000Endpoints) {
  EXPECT_EQ(DecodeOne<EndpointSlice>(SliceOf(1000)).endpoints.size(), 1000u);
  EXPECT_THAT(ProblemsOf(SliceOf(1001)),
              ElementsAre("bad.yaml:6: EndpointSlice shop/web-1: endpoints: 1001 endpoints are "
                          "more than 1000; make several slices of them"));
}

}  // namespace
}  // namespace pointsman::kube
