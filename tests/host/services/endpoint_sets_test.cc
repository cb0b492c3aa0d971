#include "host/services/endpoint_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::EndpointAt;
using test::Ip;
using test::SliceOf;
using test::State;
using test::Texts;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kHere[] = "test-node";
constexpr char kThere[] = "other-node";

ServedPort Port(std::string name) {
  ServedPort port;
  port.service = "ns1/svc1";
  port.name = std::move(name);
  port.cluster_ip = Ip("172.30.0.41");
  port.port = 80;
  return port;
}

std::vector<ServiceEndpoint> Endpoints(const std::vector<kube::EndpointSlice>& slices,
                                       const ServedPort& port) {
  Slices borrowed;
  for (const kube::EndpointSlice& slice : slices) borrowed.push_back(&slice);
  return EndpointsOfPort(borrowed, port, {test::kNodeName, "zone-a"});
}

TEST(SlicesByServiceTest, ByLabelWithinTheNamespace) {
  kube::EndpointSlice unlabelled = SliceOf("", "svc1-3", "", {});
  unlabelled.metadata.labels.clear();
  kube::EndpointSlice other_namespace = SliceOf("svc1", "svc1-1", "", {});
  other_namespace.metadata.ns = "ns2";
  const kube::ObjectSet objects =
      test::Objects({SliceOf("svc1", "svc1-2", "", {}), SliceOf("svc1", "svc1-1", "", {}),
                     SliceOf("svc2", "svc2-1", "", {}), unlabelled, other_namespace});
  const auto by_service = SlicesByService(objects);
  ASSERT_EQ(by_service.size(), 3u);
  const Slices& slices = by_service.at({kube::Kind::kService, "ns1", "svc1"});
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0]->metadata.name, "svc1-1");
  EXPECT_EQ(slices[1]->metadata.name, "svc1-2");
}

TEST(EndpointsOfPortTest, NameProtocolAndFamilyMustMatch) {
  kube::EndpointSlice udp = SliceOf("svc1", "udp", "http", {EndpointAt("10.0.0.2", kHere)});
  udp.ports[0].protocol = kube::Protocol::kUdp;
  kube::EndpointSlice ipv6 = SliceOf("svc1", "ipv6", "http", {EndpointAt("fd00:10::1", kHere)});
  ipv6.address_type = kube::IpFamily::kIPv6;
  const std::vector<kube::EndpointSlice> slices = {
      SliceOf("svc1", "match", "http", {EndpointAt("10.0.0.1", kHere)}), udp, ipv6,
      SliceOf("svc1", "name", "https", {EndpointAt("10.0.0.3", kHere)}),
      SliceOf("svc1", "unnamed", "", {EndpointAt("10.0.0.4", kHere)})};
  EXPECT_THAT(Texts(Endpoints(slices, Port("http"))), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(Texts(Endpoints(slices, Port(""))), ElementsAre("10.0.0.4:8080"));
  ServedPort port_ipv6 = Port("http");
  port_ipv6.cluster_ip = Ip("fd00:10:96::41");
  EXPECT_THAT(Texts(Endpoints(slices, port_ipv6)), ElementsAre("fd00:10::1:8080"));
}

TEST(EndpointsOfPortTest, PortsWithoutANumberAndFurtherAddressesDoNotCount) {
  kube::EndpointSlice no_number = SliceOf("svc1", "a", "", {EndpointAt("10.0.0.1", kHere)});
  no_number.ports[0].port = std::nullopt;
  kube::EndpointSlice zero = SliceOf("svc1", "b", "", {EndpointAt("10.0.0.2", kHere)});
  zero.ports[0].port = 0;
  kube::EndpointSlice two_addresses = SliceOf("svc1", "c", "", {EndpointAt("10.0.0.3", kHere)});
  two_addresses.endpoints[0].addresses.push_back(Ip("10.0.0.9"));
  EXPECT_THAT(Texts(Endpoints({no_number, zero, two_addresses}, Port(""))),
              ElementsAre("10.0.0.3:8080"));
}

TEST(EndpointsOfPortTest, SortedWithoutRepeatsByAddressAndPort) {
  kube::EndpointSlice other_number =
      SliceOf("svc1", "b", "", {EndpointAt("10.0.0.9", kHere), EndpointAt("10.0.0.10", kHere)});
  other_number.ports[0].port = 80;
  EXPECT_THAT(
      Texts(Endpoints({SliceOf("svc1", "a", "",
                               {EndpointAt("10.0.0.10", kHere), EndpointAt("10.0.0.9", kHere),
                                EndpointAt("10.0.0.10", kHere)}),
                       other_number},
                      Port(""))),
      ElementsAre("10.0.0.9:80", "10.0.0.9:8080", "10.0.0.10:80", "10.0.0.10:8080"));
}

TEST(EndpointsOfPortTest, TheBetterOfTwoOfOneAddressStays) {
  const struct {
    const char* name;
    kube::Endpoint better;
    kube::Endpoint worse;
  } cases[] = {
      {"draining", EndpointAt("10.0.0.1", kThere), EndpointAt("10.0.0.1", kHere, State::kDraining)},
      {"unready", EndpointAt("10.0.0.1", kThere), EndpointAt("10.0.0.1", kHere, State::kUnready)},
      {"gone", EndpointAt("10.0.0.1", kThere, State::kDraining),
       EndpointAt("10.0.0.1", kHere, State::kGone)},
      {"remote", EndpointAt("10.0.0.1", kHere), EndpointAt("10.0.0.1", kThere)},
  };
  for (const auto& test_case : cases) {
    const auto a = SliceOf("svc1", "a", "", {test_case.better});
    const auto b = SliceOf("svc1", "b", "", {test_case.worse});
    const auto first = Endpoints({a, b}, Port(""));
    ASSERT_EQ(first.size(), 1u) << test_case.name;
    EXPECT_EQ(first[0].local, test_case.better.node_name == kHere) << test_case.name;
    EXPECT_EQ(first[0].ready, test_case.better.ready) << test_case.name;
    EXPECT_EQ(first, Endpoints({b, a}, Port(""))) << test_case.name;
  }
}

enum class Exposure { kInside, kOutside };

struct CategorizeCase {
  const char* name;
  std::vector<kube::Endpoint> endpoints;
  bool internal_local;
  bool external_local;
  Exposure exposure;
  std::vector<std::string> cluster;
  std::vector<std::string> local;
  bool any;
};

void Check(const CategorizeCase& test_case) {
  SCOPED_TRACE(test_case.name);
  ServedPort port = Port("");
  port.internal_local = test_case.internal_local;
  port.external_local = test_case.external_local;
  if (test_case.exposure == Exposure::kOutside) port.node_port = 3001;
  const EndpointSets sets =
      Categorize(port, Endpoints({SliceOf("svc1", "a", "", test_case.endpoints)}, port));
  EXPECT_EQ(Texts(sets.cluster), test_case.cluster);
  EXPECT_EQ(Texts(sets.local), test_case.local);
  EXPECT_EQ(sets.any, test_case.any);
}

TEST(CategorizeTest, Readiness) {
  const auto here = [](State state) { return EndpointAt("10.0.0.1", kHere, state); };
  const auto there = [](State state) { return EndpointAt("10.0.0.2", kThere, state); };
  kube::Endpoint serves_unready = here(State::kUnready);
  serves_unready.serving = true;
  const CategorizeCase cases[] = {
      {"unready ones never serve, whatever they say",
       {serves_unready},
       false,
       false,
       Exposure::kInside,
       {},
       {},
       false},
      {"none", {}, false, false, Exposure::kInside, {}, {}, false},
      {"all ready",
       {here(State::kReady), there(State::kReady)},
       false,
       false,
       Exposure::kInside,
       {"10.0.0.1:8080", "10.0.0.2:8080"},
       {},
       true},
      {"one unready",
       {here(State::kUnready), there(State::kReady)},
       false,
       false,
       Exposure::kInside,
       {"10.0.0.2:8080"},
       {},
       true},
      {"a ready one keeps draining ones out",
       {here(State::kDraining), there(State::kReady)},
       false,
       false,
       Exposure::kInside,
       {"10.0.0.2:8080"},
       {},
       true},
      {"draining ones serve where none is ready",
       {here(State::kDraining), there(State::kUnready)},
       false,
       false,
       Exposure::kInside,
       {"10.0.0.1:8080"},
       {},
       true},
      {"unready ones never serve",
       {here(State::kUnready), there(State::kGone)},
       false,
       false,
       Exposure::kInside,
       {},
       {},
       false},
  };
  for (const CategorizeCase& test_case : cases) Check(test_case);
}

TEST(CategorizeTest, Policies) {
  const std::vector<kube::Endpoint> both = {EndpointAt("10.0.0.1", kHere),
                                            EndpointAt("10.0.0.2", kThere)};
  const std::vector<kube::Endpoint> remote = {EndpointAt("10.0.0.2", kThere)};
  const std::vector<kube::Endpoint> local_drains = {EndpointAt("10.0.0.1", kHere, State::kDraining),
                                                    EndpointAt("10.0.0.2", kThere)};
  const std::vector<std::string> all_texts = {"10.0.0.1:8080", "10.0.0.2:8080"};
  const std::vector<std::string> local_texts = {"10.0.0.1:8080"};
  const std::vector<std::string> remote_texts = {"10.0.0.2:8080"};
  const CategorizeCase cases[] = {
      {"internal Local", both, true, false, Exposure::kInside, {}, local_texts, true},
      {"internal Local, all remote", remote, true, false, Exposure::kInside, {}, {}, true},
      {"internal Local, none", {}, true, false, Exposure::kInside, {}, {}, false},
      {"internal Local, node port", both, true, false, Exposure::kOutside, all_texts, local_texts,
       true},
      {"external Local", both, false, true, Exposure::kOutside, all_texts, local_texts, true},
      {"external Local that nobody outside reaches",
       both,
       false,
       true,
       Exposure::kInside,
       all_texts,
       {},
       true},
      {"external Local, all remote",
       remote,
       false,
       true,
       Exposure::kOutside,
       remote_texts,
       {},
       true},
      {"both Local", both, true, true, Exposure::kOutside, all_texts, local_texts, true},
      {"fallback is decided apart", local_drains, false, true, Exposure::kOutside, remote_texts,
       local_texts, true},
  };
  for (const CategorizeCase& test_case : cases) Check(test_case);
}

TEST(SlicesByServiceTest, SlicesOfOtherProxiesAndHeadlessServicesAreLeftOut) {
  kube::EndpointSlice other = SliceOf("svc1", "a", "", {});
  other.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other";
  kube::EndpointSlice headless = SliceOf("svc1", "b", "", {});
  headless.metadata.labels["service.kubernetes.io/headless"] = "";
  EXPECT_THAT(SlicesByService(test::Objects({other, headless})), IsEmpty());
  EXPECT_EQ(SlicesByService(test::Objects({other, headless}), "other").size(), 1u)
      << "to a proxy with a name its Service counts";
}

TEST(EndpointsOfPortTest, ANodeWithoutANameHasNoLocalEndpoints) {
  const kube::EndpointSlice slice = SliceOf("svc1", "a", "", {EndpointAt("10.0.0.1", "")});
  EXPECT_FALSE(EndpointsOfPort({&slice}, Port(""), {})[0].local);
}

TEST(EndpointsBySlicePortTest, EveryPortThatHasEndpoints) {
  kube::EndpointSlice slice = SliceOf("svc1", "a", "http", {EndpointAt("10.0.0.1", kHere)});
  slice.ports.push_back({.name = "dns", .protocol = kube::Protocol::kUdp, .port = uint16_t{53}});
  slice.ports.push_back({.name = "zero", .port = uint16_t{0}});
  const kube::EndpointSlice empty = SliceOf("svc1", "b", "empty", {});
  const auto by_port = EndpointsBySlicePort({&slice, &empty}, kube::IpFamily::kIPv4, {kHere, ""});
  ASSERT_EQ(by_port.size(), 2u);
  EXPECT_THAT(Texts(by_port.at({"dns", kube::Protocol::kUdp})), ElementsAre("10.0.0.1:53"));
  EXPECT_THAT(Texts(by_port.at({"http", kube::Protocol::kTcp})), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(EndpointsBySlicePort({&slice}, kube::IpFamily::kIPv6, {kHere, ""}), IsEmpty());
}

// 10.0.0.N, ready, elsewhere.
kube::Endpoint Hinted(int number, std::vector<std::string> zones, std::vector<std::string> nodes) {
  kube::Endpoint endpoint = EndpointAt("10.0.0." + std::to_string(number), kThere);
  endpoint.hints_for_zones = std::move(zones);
  endpoint.hints_for_nodes = std::move(nodes);
  return endpoint;
}

TEST(CategorizeTest, Hints) {
  kube::Endpoint unready = Hinted(3, {"zone-a"}, {kHere});
  unready.ready = false;
  kube::Endpoint draining = Hinted(1, {"zone-b"}, {});
  draining.ready = false;
  draining.terminating = true;
  const struct {
    const char* name;
    std::vector<kube::Endpoint> endpoints;
    std::vector<std::string> cluster;
  } cases[] = {
      {"zone", {Hinted(1, {"zone-a"}, {}), Hinted(2, {"zone-b"}, {})}, {"10.0.0.1:8080"}},
      {"several zones",
       {Hinted(1, {"zone-b", "zone-a"}, {}), Hinted(2, {"zone-b"}, {})},
       {"10.0.0.1:8080"}},
      {"another zone", {Hinted(1, {"zone-b"}, {})}, {"10.0.0.1:8080"}},
      {"one has none",
       {Hinted(1, {"zone-a"}, {}), Hinted(2, {}, {})},
       {"10.0.0.1:8080", "10.0.0.2:8080"}},
      {"node before zone",
       {Hinted(1, {"zone-a"}, {kThere}), Hinted(2, {"zone-b"}, {kHere})},
       {"10.0.0.2:8080"}},
      {"another node",
       {Hinted(1, {"zone-a"}, {kThere}), Hinted(2, {"zone-b"}, {kThere})},
       {"10.0.0.1:8080"}},
      {"one has none for nodes",
       {Hinted(1, {"zone-a"}, {}), Hinted(2, {"zone-b"}, {kHere})},
       {"10.0.0.1:8080"}},
      {"unready ones have no say", {Hinted(1, {"zone-b"}, {kThere}), unready}, {"10.0.0.1:8080"}},
      {"draining ones serve all", {draining}, {"10.0.0.1:8080"}},
  };
  for (const auto& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    const auto slice = SliceOf("svc1", "a", "", test_case.endpoints);
    const EndpointSets sets = Categorize(Port(""), Endpoints({slice}, Port("")));
    EXPECT_EQ(Texts(sets.cluster), test_case.cluster);
    EXPECT_TRUE(sets.any);
  }
}

TEST(CategorizeTest, WithoutAZoneHintsForZonesDoNotHold) {
  const auto slice = SliceOf("svc1", "a", "", {Hinted(1, {""}, {}), Hinted(2, {"zone-b"}, {})});
  const auto endpoints = EndpointsOfPort({&slice}, Port(""), {kHere, ""});
  EXPECT_EQ(Categorize(Port(""), endpoints).cluster.size(), 2u);
}

TEST(CategorizeTest, HintsSayNothingOfTheLocalSet) {
  kube::Endpoint here = Hinted(1, {"zone-b"}, {});
  here.node_name = kHere;
  const auto slice = SliceOf("svc1", "a", "", {here, Hinted(2, {"zone-a"}, {})});
  ServedPort port = Port("");
  port.external_local = true;
  port.node_port = 3001;
  const EndpointSets sets = Categorize(port, Endpoints({slice}, port));
  EXPECT_THAT(Texts(sets.local), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(Texts(sets.cluster), ElementsAre("10.0.0.2:8080"));
}

}  // namespace
}  // namespace pointsman
