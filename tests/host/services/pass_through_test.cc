#include "host/services/pass_through.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/services/served_ports.h"

namespace pointsman {
namespace {

using testing::HasSubstr;

kube::Service Balanced(kube::TrafficPolicy policy) {
  kube::Service service;
  service.metadata.ns = "default";
  service.metadata.name = "web";
  service.type = kube::ServiceType::kLoadBalancer;
  service.external_traffic_policy = policy;
  service.cluster_ips = {*kube::IpAddress::Parse("10.96.0.10")};
  service.ports = {{.name = "", .port = 80, .target_port = uint16_t{80}, .node_port = 30080}};
  service.load_balancer_ingress = {
      {.ip = *kube::IpAddress::Parse("192.168.0.100"), .hostname = ""}};
  return service;
}

kube::Service Annotated(kube::TrafficPolicy policy, const char* value) {
  kube::Service service = Balanced(policy);
  service.metadata.annotations[kPassThroughAnnotation] = value;
  return service;
}

size_t BalancerAddresses(const kube::Service& service) {
  return ServedPorts(service, kube::IpFamily::kIPv4).at(0).load_balancer_ips.size();
}

constexpr auto kCluster = kube::TrafficPolicy::kCluster;
constexpr auto kLocal = kube::TrafficPolicy::kLocal;

TEST(PassThroughTest, PolicyLocalMakesItOnlyLocal) {
  EXPECT_EQ(PassThroughOf(Balanced(kLocal)), PassThrough::kNo);
  EXPECT_EQ(PassThroughOf(Annotated(kCluster, "true")), PassThrough::kAlways);
  EXPECT_EQ(PassThroughOf(Annotated(kLocal, "true")), PassThrough::kOnlyLocal);
  EXPECT_EQ(PassThroughOf(Annotated(kLocal, "onlyLocal")), PassThrough::kOnlyLocal);
  EXPECT_EQ(PassThroughOf(Annotated(kLocal, "false")), PassThrough::kNo);
}

TEST(PassThroughTest, TheNodeLeavesTheAddressesToTheBalancer) {
  EXPECT_EQ(BalancerAddresses(Balanced(kLocal)), 1u);
  EXPECT_EQ(BalancerAddresses(Annotated(kLocal, "true")), 0u);
  EXPECT_EQ(BalancerAddresses(Annotated(kCluster, "true")), 0u);
  kube::Service proxied = Balanced(kCluster);
  proxied.load_balancer_ingress[0].ip_mode = kube::IpMode::kProxy;
  EXPECT_EQ(BalancerAddresses(proxied), 0u);
}

TEST(PassThroughTest, WhatIsWrongIsSaidAndHasNoEffect) {
  EXPECT_EQ(WhyPassThroughIsWrong(Annotated(kLocal, "onlyLocal")), "");
  EXPECT_THAT(WhyPassThroughIsWrong(Annotated(kCluster, "onlyLocal")), HasSubstr("contradicts"));
  EXPECT_THAT(WhyPassThroughIsWrong(Annotated(kLocal, "yes")), HasSubstr("\"yes\" is none of"));
  kube::Service service = Annotated(kLocal, "true");
  service.type = kube::ServiceType::kNodePort;
  EXPECT_THAT(WhyPassThroughIsWrong(service), HasSubstr("not of type LoadBalancer"));
  EXPECT_EQ(BalancerAddresses(Annotated(kLocal, "yes")), 1u);
}

}  // namespace
}  // namespace pointsman
