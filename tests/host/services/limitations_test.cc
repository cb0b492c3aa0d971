#include "host/services/limitations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Cidr;
using test::Ip;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Limitation> Of(const kube::Service& service) {
  return LimitationsOf(service, Slices(), test::Facts());
}

TEST(LimitationsOfServiceTest, NoneWhereAllIsForwarded) {
  EXPECT_THAT(Of(test::EveryAddressService()), IsEmpty());
}

TEST(LimitationsOfServiceTest, SaysWhatIsNotDone) {
  const struct {
    const char* what;
    const char* why;
    void (*change)(kube::Service&);
  } cases[] = {
      {"IPv6", "not forwarded: IPv6",
       [](kube::Service& s) { s.cluster_ips = {Ip("fd00:10:96::41")}; }},
      {"IPv6", "only its IPv4 addresses are forwarded",
       [](kube::Service& s) { s.cluster_ips.push_back(Ip("fd00:10:96::41")); }},
      {"port SCTP 80", "not forwarded",
       [](kube::Service& s) { s.ports[0].protocol = kube::Protocol::kSctp; }},
      {"sessionAffinity: ClientIP", "without affinity",
       [](kube::Service& s) { s.session_affinity = kube::SessionAffinity::kClientIp; }},
      {"loadBalancerSourceRanges", "is dropped",
       [](kube::Service& s) { s.load_balancer_source_ranges = {Cidr("203.0.113.0/25")}; }},
  };
  for (const auto& test_case : cases) {
    kube::Service service = test::EveryAddressService();
    test_case.change(service);
    const auto limitations = Of(service);
    ASSERT_EQ(limitations.size(), 1u) << test_case.what;
    EXPECT_EQ(limitations[0].what, test_case.what);
    EXPECT_THAT(limitations[0].why, HasSubstr(test_case.why));
  }
}

TEST(LimitationsOfServiceTest, SourceRangesWithoutAnAddressToGuard) {
  kube::Service service = test::EveryAddressService();
  service.load_balancer_source_ranges = {Cidr("203.0.113.0/25")};
  service.load_balancer_ingress.clear();
  EXPECT_THAT(Of(service), IsEmpty());
}

TEST(LimitationsOfServiceTest, NoneOfAServiceThatIsNotServed) {
  kube::Service service = test::EveryAddressService();
  service.session_affinity = kube::SessionAffinity::kClientIp;
  service.headless = true;
  EXPECT_THAT(Of(service), IsEmpty());
}

TEST(LimitationsOfServiceTest, HintsWhereTheyWouldMatter) {
  const struct {
    const char* name;
    const char* zone;
    std::vector<std::string> zones;
    std::vector<std::string> nodes;
    size_t limitations;
  } cases[] = {
      {"no hints", "zone-a", {}, {}, 0},
      {"zone hints", "zone-a", {"zone-a"}, {}, 1},
      {"zone hints on a node without a zone", "", {"zone-a"}, {}, 0},
      {"node hints", "", {}, {"test-node"}, 1},
  };
  for (const auto& test_case : cases) {
    NodeFacts facts = test::Facts();
    facts.zone = test_case.zone;
    kube::EndpointSlice slice =
        test::SliceOf("svc1", "a", "p80", {test::EndpointAt("10.0.0.1", "")});
    slice.endpoints[0].hints_for_zones = test_case.zones;
    slice.endpoints[0].hints_for_nodes = test_case.nodes;
    EXPECT_EQ(LimitationsOf(test::EveryAddressService(), {&slice}, facts).size(),
              test_case.limitations)
        << test_case.name;
  }
}

TEST(LimitationsOfNodeTest, ServiceCidrs) {
  NodeFacts facts = test::Facts();
  EXPECT_THAT(LimitationsOf(facts), IsEmpty());
  facts.service_cidrs = {Cidr("172.30.0.0/16")};
  const auto limitations = LimitationsOf(facts);
  ASSERT_EQ(limitations.size(), 1u);
  EXPECT_EQ(limitations[0].what, "service CIDR 172.30.0.0/16");
}

}  // namespace
}  // namespace pointsman
