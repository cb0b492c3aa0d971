#include "host/apiserver/resource.h"

#include <gtest/gtest.h>

namespace pointsman::kube {
namespace {

constexpr char kSelector[] =
    "labelSelector=%21service.kubernetes.io%2Fservice-proxy-name%2C%21service.kubernetes.io%"
    "2Fheadless";

TEST(ResourceTest, ListsInPages) {
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kNode), "0", "", true),
            "/api/v1/nodes?limit=500&resourceVersion=0");
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kNode), "0", "a b", true),
            "/api/v1/nodes?limit=500&continue=a%20b");
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kNode), "", "", false), "/api/v1/nodes");
}

TEST(ResourceTest, SelectsAsKubeProxyDoes) {
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kService), "", "", false),
            std::string("/api/v1/services?") + kSelector);
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kEndpointSlice), "", "", false),
            std::string("/apis/discovery.k8s.io/v1/endpointslices?") + kSelector);
}

TEST(ResourceTest, SelectsTheServicesOfANamedProxyAndAllSlices) {
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kService, "pointsman"), "", "", false),
            "/api/v1/services?labelSelector=service.kubernetes.io%2Fservice-proxy-name%3Dpointsman"
            "%2C%21service.kubernetes.io%2Fheadless");
  EXPECT_EQ(ListTarget(ResourceOf(Kind::kEndpointSlice, "pointsman"), "", "", false),
            "/apis/discovery.k8s.io/v1/endpointslices"
            "?labelSelector=%21service.kubernetes.io%2Fheadless");
}

TEST(ResourceTest, Watches) {
  EXPECT_EQ(
      WatchTarget(ResourceOf(Kind::kNode), "42", 300),
      "/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=42&timeoutSeconds=300");
  EXPECT_EQ(InitialEventsTarget(ResourceOf(Kind::kNode), 300),
            "/api/v1/nodes?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
            "&resourceVersionMatch=NotOlderThan&timeoutSeconds=300");
}

}  // namespace
}  // namespace pointsman::kube
