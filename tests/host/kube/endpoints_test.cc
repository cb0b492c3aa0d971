// Decoding of legacy v1 Endpoints (host/kube/endpoints.cc).
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kHead = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: db}\n";

TEST(EndpointsTest, ReadsEveryField) {
  const Endpoints endpoints = DecodeOne<Endpoints>(kHead + R"(subsets:
  - addresses:
      - {ip: 10.0.0.1, hostname: db-0, nodeName: n1, targetRef: {kind: Pod, name: db-0}}
    notReadyAddresses:
      - ip: fd00::1
    ports:
      - {name: sql, port: 5432, protocol: TCP}
)");
  ASSERT_EQ(endpoints.subsets.size(), 1u);
  const EndpointSubset& subset = endpoints.subsets[0];
  EXPECT_THAT(subset.addresses, ElementsAre(EndpointAddress{Ip("10.0.0.1"), "db-0", "n1",
                                                            TargetRef{"Pod", "", "db-0", ""}}));
  EXPECT_THAT(subset.not_ready_addresses,
              ElementsAre(EndpointAddress{Ip("fd00::1"), "", "", std::nullopt}));
  EXPECT_THAT(subset.ports, ElementsAre(EndpointPort{"sql", Protocol::kTcp, 5432}));
}

TEST(EndpointsTest, NoSubsetsIsFine) {
  EXPECT_THAT(DecodeOne<Endpoints>(kHead).subsets, IsEmpty());
}

TEST(EndpointsTest, RefusesWhatAnApiServerRefuses) {
  const struct {
    std::string subset;
    std::string problem;
  } kCases[] = {
      {"{addresses: [{ip: 10.0.0}]}", "subsets[0].addresses[0].ip: '10.0.0' is not an IP address"},
      {"{addresses: [{}]}", "subsets[0].addresses[0].ip: missing; an address needs an IP"},
      {"{notReadyAddresses: [{ip: 127.0.0.1}]}",
       "subsets[0].notReadyAddresses[0].ip: 127.0.0.1 is a loopback address; nothing can be sent "
       "to it from elsewhere"},
      {"{ports: [{port: 0}]}", "subsets[0].ports[0].port: 0 is not a port number (1..65535)"},
      {"{ports: [{name: a}]}",
       "subsets[0].ports[0].port: missing; a port of Endpoints needs a number"},
      {"{ports: [{port: 80, protocol: X}]}",
       "subsets[0].ports[0].protocol: 'X' is none of TCP, UDP, SCTP"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ProblemsOf(kHead + "subsets: [" + c.subset + "]\n"),
                ElementsAre("bad.yaml:4: Endpoints default/db: " + c.problem));
  }
}

}  // namespace
}  // namespace pointsman::kube
