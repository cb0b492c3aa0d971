#include "host/services/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::EndpointAt;
using test::Ip;
using test::State;
using testing::HasSubstr;
using testing::Not;

std::string Text(const std::vector<ExplainedStep>& steps) {
  std::string text;
  for (const ExplainedStep& step : steps) text += step.what + ": " + step.text + "\n";
  return text;
}

Question To(const char* destination, uint16_t port, bool inside) {
  return {Ip(destination), port, kube::Protocol::kTcp, inside};
}

kube::ObjectSet Shop(kube::TrafficPolicy external) {
  kube::Service service = test::EveryAddressService();
  service.external_traffic_policy = external;
  return test::Objects(
      {service, test::SliceOf("svc1", "svc1-1", "p80",
                              {EndpointAt("10.0.0.1", "test-node"), EndpointAt("10.0.0.2", "other"),
                               EndpointAt("10.0.0.3", "test-node", State::kUnready),
                               EndpointAt("10.0.0.4", "test-node", State::kDraining)})});
}

TEST(ExplainObjectsTest, SaysWhyEachEndpointIsUsedOrNot) {
  const std::string text = Text(ExplainObjects(Shop(kube::TrafficPolicy::kLocal), test::Facts(),
                                               To("1.2.3.4", 80, /*inside=*/false)));
  EXPECT_THAT(text, HasSubstr("Service: ns1/svc1:p80 (TCP 80), by its LoadBalancer"));
  EXPECT_THAT(text, HasSubstr("policy: externalTrafficPolicy Local: 1 of the endpoints"));
  EXPECT_THAT(text, HasSubstr("10.0.0.1 port 8080, on this node: used"));
  EXPECT_THAT(text, HasSubstr("10.0.0.2 port 8080: not used: it is on another node"));
  EXPECT_THAT(text, HasSubstr("10.0.0.3 port 8080, on this node: not used: it does not serve"));
  EXPECT_THAT(text, HasSubstr("10.0.0.4 port 8080, on this node: not used: it terminates"));
}

TEST(ExplainObjectsTest, NamesTheShortCut) {
  const std::string text = Text(ExplainObjects(Shop(kube::TrafficPolicy::kLocal), test::Facts(),
                                               To("1.2.3.4", 80, /*inside=*/true)));
  EXPECT_THAT(text, HasSubstr("the short cut"));
  EXPECT_THAT(text, HasSubstr("10.0.0.2 port 8080: used"));
}

TEST(ExplainObjectsTest, SaysWhyNothingIsFound) {
  NodeFacts facts = test::Facts();
  facts.service_cidrs = {test::Cidr("172.30.0.0/16")};
  const kube::ObjectSet objects = Shop(kube::TrafficPolicy::kCluster);
  const struct {
    const char* destination;
    uint16_t port;
    const char* text;
  } cases[] = {{"172.30.0.41", 81, "but no port TCP 81: rejected"},
               {"172.30.9.9", 80, "in a service CIDR: dropped"},
               {"8.8.8.8", 80, "passes untouched"}};
  for (const auto& c : cases) {
    EXPECT_THAT(Text(ExplainObjects(objects, facts, To(c.destination, c.port, true))),
                HasSubstr(c.text));
  }
}

TEST(ExplainObjectsTest, NotesAServiceThatIsLeftToAnother) {
  kube::Service service = test::EveryAddressService();
  service.metadata.labels["service.kubernetes.io/service-proxy-name"] = "other";
  const std::string text =
      Text(ExplainObjects(test::Objects({service}), test::Facts(), To("172.30.0.41", 80, true)));
  EXPECT_THAT(text, HasSubstr("note: Service ns1/svc1 has this address, but is not served"));
  EXPECT_THAT(text, Not(HasSubstr("policy")));
}

}  // namespace
}  // namespace pointsman
