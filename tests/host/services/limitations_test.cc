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
  return LimitationsOf(service, test::Facts());
}

TEST(LimitationsOfServiceTest, NoneWhereAllIsForwarded) {
  kube::Service service = test::EveryAddressService();
  EXPECT_THAT(Of(service), IsEmpty());
  service.cluster_ips.push_back(Ip("fd00:10:96::41"));
  EXPECT_THAT(Of(service), IsEmpty());
}

TEST(LimitationsOfServiceTest, SaysWhatIsNotDone) {
  const struct {
    const char* what;
    const char* why;
    void (*change)(kube::Service&);
  } cases[] = {
      {"port SCTP 80", "forwarded in software",
       [](kube::Service& s) { s.ports[0].protocol = kube::Protocol::kSctp; }},
      {"sessionAffinity: ClientIP", "software chooses",
       [](kube::Service& s) { s.session_affinity = kube::SessionAffinity::kClientIp; }},
      {"loadBalancerSourceRanges", "beyond 32 different sets",
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

TEST(LimitationsOfServiceTest, AFamilyThatTheNodeHasNot) {
  NodeFacts facts = test::Facts();
  facts.primary_addresses = {Ip("192.168.0.2")};
  kube::Service service = test::EveryAddressService();
  service.cluster_ips.push_back(Ip("fd00:10:96::41"));
  const auto limitations = LimitationsOf(service, facts);
  ASSERT_EQ(limitations.size(), 1u);
  EXPECT_EQ(limitations[0].why, "not forwarded: Node test-node has no IPv6 address");
}

TEST(LimitationsOfServiceTest, ASchedulerThatTheCardHasNot) {
  NodeFacts facts = test::Facts();
  facts.scheduler = Scheduler::kRoundRobin;
  EXPECT_EQ(LimitationsOf(test::EveryAddressService(), facts).size(), 1u);
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

}  // namespace
}  // namespace pointsman
