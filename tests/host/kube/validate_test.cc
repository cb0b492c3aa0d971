#include "host/kube/validate.h"

#include <fmt/format.h>

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Service MakeService(const std::string& name, const std::string& ip, uint16_t node_port = 0) {
  Service service;
  service.metadata.name = name;
  service.metadata.ns = "shop";
  service.cluster_ips = {Ip(ip)};
  service.ports = {{"", Protocol::kTcp, 80, uint16_t{80}, node_port}};
  return service;
}

Service Aged(Service service, int64_t seconds) {
  service.metadata.creation_timestamp = absl::FromUnixSeconds(seconds);
  return service;
}

ObjectSet SetOf(const std::vector<Service>& services) {
  ObjectSet objects;
  for (const Service& service : services) objects.Apply(service);
  return objects;
}

std::map<ObjectKey, Origin> OriginsOf(const ObjectSet& objects) {
  std::map<ObjectKey, Origin> origins;
  for (const auto& [key, service] : objects.services) origins[key] = {key.name + ".yaml", 7};
  return origins;
}

TEST(ValidateTest, TheFirstByAgeThenNameKeepsTheClusterIp) {
  const struct {
    Service a, b;
    std::string problem;
  } kCases[] = {
      {MakeService("a", "10.0.0.1"), MakeService("b", "10.0.0.1"),
       "b.yaml:7: Service shop/b: spec.clusterIPs[0]: cluster IP 10.0.0.1 belongs to Service "
       "shop/a (a.yaml:7) already; give this Service another one"},
      {Aged(MakeService("a", "10.0.0.1"), 20), Aged(MakeService("b", "10.0.0.1"), 10),
       "a.yaml:7: Service shop/a: spec.clusterIPs[0]: cluster IP 10.0.0.1 belongs to Service "
       "shop/b (b.yaml:7) already; give this Service another one"},
      {MakeService("a", "10.0.0.1"), Aged(MakeService("b", "10.0.0.1"), 10),
       "a.yaml:7: Service shop/a: spec.clusterIPs[0]: cluster IP 10.0.0.1 belongs to Service "
       "shop/b (b.yaml:7) already; give this Service another one"},
      {MakeService("a", "10.0.0.1", 30080), MakeService("b", "10.0.0.2", 30080),
       "b.yaml:7: Service shop/b: spec.ports[0].nodePort: node port 30080/TCP belongs to Service "
       "shop/a (a.yaml:7) already; give this Service another one"},
  };
  for (const auto& c : kCases) {
    ObjectSet objects = SetOf({c.a, c.b});
    EXPECT_THAT(Texts(RefuseConflicts({}, OriginsOf(objects), objects)), ElementsAre(c.problem));
    EXPECT_EQ(objects.services.size(), 1u);
  }
}

TEST(ValidateTest, WhatWasThereBeforeStays) {
  // "a" is new, and would come first by name.
  ObjectSet objects = SetOf({MakeService("a", "10.0.0.1"), MakeService("b", "10.0.0.1")});
  const ObjectSet before = SetOf({MakeService("b", "10.0.0.1")});
  EXPECT_EQ(RefuseConflicts(before, {}, objects).size(), 1u);
  EXPECT_EQ(objects, before);
}

TEST(ValidateTest, ARefusedChangeGoesBackToTheLastState) {
  ObjectSet objects = SetOf({MakeService("a", "10.0.0.2"), MakeService("b", "10.0.0.2")});
  const ObjectSet before = SetOf({MakeService("a", "10.0.0.1"), MakeService("b", "10.0.0.2")});
  EXPECT_THAT(Texts(RefuseConflicts(before, {}, objects)),
              ElementsAre("Service shop/a: spec.clusterIPs[0]: cluster IP 10.0.0.2 belongs to "
                          "Service shop/b already; give this Service another one"));
  EXPECT_EQ(objects, before);
}

TEST(ValidateTest, TheLastStateIsGivenUpWhereItIsTaken) {
  // a moves to b's address, and c moves in where a was.
  ObjectSet objects = SetOf(
      {MakeService("a", "10.0.0.2"), MakeService("b", "10.0.0.2"), MakeService("c", "10.0.0.1")});
  const ObjectSet before = SetOf({MakeService("a", "10.0.0.1"), MakeService("b", "10.0.0.2")});
  EXPECT_EQ(RefuseConflicts(before, {}, objects).size(), 1u);
  EXPECT_EQ(objects, SetOf({MakeService("b", "10.0.0.2"), MakeService("c", "10.0.0.1")}));
}

TEST(ValidateTest, TwoMaySwapAddresses) {
  const ObjectSet before = SetOf({MakeService("a", "10.0.0.1"), MakeService("b", "10.0.0.2")});
  ObjectSet objects = SetOf({MakeService("a", "10.0.0.2"), MakeService("b", "10.0.0.1")});
  EXPECT_THAT(RefuseConflicts(before, {}, objects), IsEmpty());
}

TEST(ValidateTest, WhatIsNoConflict) {
  Service headless = MakeService("h1", "10.0.0.1");
  headless.cluster_ips.clear();
  Service other_headless = headless;
  other_headless.metadata.name = "h2";
  Service external = MakeService("x", "10.0.0.1", 30080);
  external.type = ServiceType::kExternalName;
  Service udp = MakeService("u", "10.0.0.9", 30080);
  udp.ports[0].protocol = Protocol::kUdp;
  ObjectSet objects =
      SetOf({MakeService("a", "10.0.0.1", 30080), headless, other_headless, external, udp});
  EXPECT_THAT(RefuseConflicts({}, {}, objects), IsEmpty());
  EXPECT_EQ(objects.services.size(), 5u);
}

}  // namespace
}  // namespace pointsman::kube
