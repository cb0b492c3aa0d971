#include "host/kube/mirror_endpoints.h"

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<EndpointAddress> Addresses(size_t count) {
  std::vector<EndpointAddress> addresses(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t bytes[] = {10, 1, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)};
    addresses[i].ip = IpAddress::FromBytes(bytes);
  }
  return addresses;
}

EndpointSubset SubsetOf(size_t ready, size_t not_ready, uint16_t port = 80) {
  return {Addresses(ready), Addresses(not_ready), {{"", Protocol::kTcp, port}}};
}

TEST(MirrorEndpointsTest, MakesWhatTheControllerMakes) {
  Endpoints endpoints;
  endpoints.metadata.name = "db";
  endpoints.metadata.ns = "shop";
  endpoints.metadata.labels = {{"team", "a"}};
  endpoints.subsets = {{{{Ip("10.0.0.1"), "h", "n1", TargetRef{"Pod", "shop", "db-0", "u"}},
                         {Ip("fd00::1"), "", "", std::nullopt}},
                        {{Ip("10.0.0.2"), "", "", std::nullopt}},
                        {{"sql", Protocol::kTcp, 5432}}}};
  const std::vector<EndpointSlice> slices = MirrorEndpoints(endpoints);
  ASSERT_THAT(slices, SizeIs(2));
  EXPECT_EQ(slices[0].address_type, IpFamily::kIPv4);
  EXPECT_EQ(slices[1].address_type, IpFamily::kIPv6);
  EXPECT_EQ(slices[0].ServiceName(), "db");
  EXPECT_EQ(slices[0].metadata.ns, "shop");
  EXPECT_EQ(slices[0].metadata.labels.at("endpointslice.kubernetes.io/managed-by"),
            "endpointslicemirroring-controller.k8s.io");
  EXPECT_EQ(slices[0].metadata.labels.at("team"), "a");
  EXPECT_THAT(slices[0].ports, ElementsAre(EndpointPort{"sql", Protocol::kTcp, 5432}));
  ASSERT_THAT(slices[0].endpoints, SizeIs(2));
  EXPECT_TRUE(slices[0].endpoints[0].ready);
  EXPECT_EQ(slices[0].endpoints[0].node_name, "n1");
  EXPECT_EQ(slices[0].endpoints[0].target_ref->name, "db-0");
  EXPECT_FALSE(slices[0].endpoints[1].ready);
  EXPECT_FALSE(slices[0].endpoints[1].serving);
}

TEST(MirrorEndpointsTest, SkipsOnRequest) {
  Endpoints endpoints;
  endpoints.subsets = {SubsetOf(1, 0)};
  endpoints.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  EXPECT_THAT(MirrorEndpoints(endpoints), IsEmpty());
  endpoints.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "false"}};
  EXPECT_THAT(MirrorEndpoints(endpoints), SizeIs(1));
}

TEST(MirrorEndpointsTest, TruncatesReadyOnesLastAndEverySubsetAlike) {
  const struct {
    std::vector<EndpointSubset> subsets;
    std::vector<std::pair<size_t, size_t>> left;  // ready, not ready
    bool truncated;
  } kCases[] = {
      {{SubsetOf(1000, 0)}, {{1000, 0}}, false},
      {{SubsetOf(600, 400)}, {{600, 400}}, false},
      {{SubsetOf(1001, 0)}, {{1000, 0}}, true},
      {{SubsetOf(1500, 300)}, {{1000, 0}}, true},
      {{SubsetOf(900, 300)}, {{900, 100}}, true},
      {{SubsetOf(1500, 0), SubsetOf(500, 0)}, {{750, 0}, {250, 0}}, true},
      {{SubsetOf(1001, 0), SubsetOf(1000, 0)}, {{501, 0}, {499, 0}}, true},
  };
  for (const auto& c : kCases) {
    Endpoints endpoints;
    endpoints.subsets = c.subsets;
    const Endpoints truncated = TruncateEndpoints(endpoints);
    std::vector<std::pair<size_t, size_t>> left;
    for (const EndpointSubset& subset : truncated.subsets) {
      left.emplace_back(subset.addresses.size(), subset.not_ready_addresses.size());
    }
    EXPECT_EQ(left, c.left);
    EXPECT_EQ(truncated.metadata.annotations,
              c.truncated ? (StringMap{{"endpoints.kubernetes.io/over-capacity", "truncated"}})
                          : StringMap{});
  }
}

TEST(MirrorEndpointsTest, MirrorsOnlyWhatAnObjectCanHold) {
  Endpoints endpoints;
  endpoints.metadata.name = "db";
  endpoints.subsets = {SubsetOf(1200, 0)};
  const std::vector<EndpointSlice> slices = MirrorEndpoints(endpoints);
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_THAT(slices[0].endpoints, SizeIs(1000));
}

TEST(MirrorEndpointsTest, MakesAnEndpointsObjectOfSlices) {
  EndpointSlice slice;
  slice.ports = {{"http", Protocol::kTcp, 80}};
  slice.endpoints.resize(3);
  for (int i = 0; i < 3; ++i) slice.endpoints[i].addresses = {Addresses(3)[i].ip};
  slice.endpoints[2].ready = false;
  EndpointSlice other_port = slice;
  other_port.ports[0].port = 81;
  EndpointSlice other_family = slice;
  other_family.address_type = IpFamily::kIPv6;

  Service service;
  service.metadata.name = "web";
  service.metadata.ns = "shop";
  service.ip_families = {IpFamily::kIPv4, IpFamily::kIPv6};
  const Endpoints endpoints =
      EndpointsFromSlices(service, {slice, other_port, slice, other_family});
  EXPECT_EQ(KeyOf(endpoints).ToString(), "Endpoints shop/web");
  ASSERT_THAT(endpoints.subsets, SizeIs(2));
  EXPECT_THAT(endpoints.subsets[0].addresses, SizeIs(4));
  EXPECT_THAT(endpoints.subsets[0].not_ready_addresses, SizeIs(2));
  EXPECT_EQ(endpoints.subsets[1].ports[0].port, 81);
}

}  // namespace
}  // namespace pointsman::kube
