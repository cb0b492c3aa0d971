#include "host/services/local_pods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

using test::Ip;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

kube::Pod PodWith(std::string name, std::string status) {
  kube::Pod pod;
  pod.metadata.ns = "ns1";
  pod.metadata.name = std::move(name);
  pod.metadata.annotations = {{kNetworkStatusAnnotation, std::move(status)}};
  pod.node_name = test::kNodeName;
  pod.phase = kube::PodPhase::kRunning;
  return pod;
}

constexpr char kOneInterface[] =
    R"([{"name": "sriov", "interface": "eth0", "ips": ["10.0.1.1", "fd00:10::1"],
         "mac": "02:00:00:00:01:01", "default": true}])";

TEST(LocalPodMacsTest, ReadsEveryInterfaceWithMacAndAddress) {
  std::vector<kube::Problem> problems;
  const kube::Pod pod = PodWith("a", R"([
    {"interface": "eth0", "ips": ["10.0.1.1"], "mac": "02:00:00:00:01:01", "default": true},
    {"interface": "net1", "ips": ["172.16.0.1"], "mac": "02:00:00:00:01:02"},
    {"interface": "net2", "ips": ["172.16.0.2"]},
    {"interface": "net3", "mac": "02:00:00:00:01:04"},
    {"interface": "net4", "ips": ["172.16.0.4"], "mac": ""}])");
  EXPECT_THAT(LocalPodMacs(test::Objects({pod}), test::kNodeName, problems),
              ElementsAre(Pair(Ip("10.0.1.1"), MacAddress{0x020000000101}),
                          Pair(Ip("172.16.0.1"), MacAddress{0x020000000102})));
  EXPECT_THAT(problems, IsEmpty());
}

TEST(LocalPodMacsTest, LeavesOutPodsTheCardDoesNotReach) {
  kube::Pod elsewhere = PodWith("elsewhere", kOneInterface);
  elsewhere.node_name = "other-node";
  kube::Pod host_network = PodWith("host-network", kOneInterface);
  host_network.host_network = true;
  kube::Pod succeeded = PodWith("succeeded", kOneInterface);
  succeeded.phase = kube::PodPhase::kSucceeded;
  kube::Pod failed = PodWith("failed", kOneInterface);
  failed.phase = kube::PodPhase::kFailed;
  kube::Pod no_annotation = PodWith("no-annotation", "");
  no_annotation.metadata.annotations.clear();
  std::vector<kube::Problem> problems;
  EXPECT_THAT(
      LocalPodMacs(test::Objects({elsewhere, host_network, succeeded, failed, no_annotation}),
                   test::kNodeName, problems),
      IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST(LocalPodMacsTest, ReportsWhatItCannotRead) {
  const struct {
    const char* status;
    const char* message;
  } cases[] = {
      {"not json", "is not a JSON list of interfaces"},
      {"", "is not a JSON list of interfaces"},
      {R"({"mac": "02:00:00:00:01:01"})", "is not a JSON list of interfaces"},
      {"[7]", "holds an entry that is no interface"},
      {R"([{"ips": "10.0.1.1", "mac": "02:00:00:00:01:01"}])", "ips a list"},
      {R"([{"ips": ["10.0.1.1"], "mac": 7}])", "mac must be a string"},
      {R"([{"ips": ["10.0.1.1"], "mac": "02:00"}])", "mac: \"02:00\""},
      {R"([{"ips": ["10.0.1"], "mac": "02:00:00:00:01:01"}])", "ips: "},
      {R"([{"ips": [10], "mac": "02:00:00:00:01:01"}])", "ips must be strings"},
  };
  for (const auto& test_case : cases) {
    std::vector<kube::Problem> problems;
    EXPECT_THAT(
        LocalPodMacs(test::Objects({PodWith("a", test_case.status)}), test::kNodeName, problems),
        IsEmpty());
    ASSERT_EQ(problems.size(), 1u) << test_case.status;
    EXPECT_EQ(problems[0].object, "Pod ns1/a");
    EXPECT_THAT(problems[0].field, HasSubstr("network-status"));
    EXPECT_THAT(problems[0].message, HasSubstr(test_case.message));
  }
}

TEST(LocalPodMacsTest, FirstPodKeepsAnAddress) {
  std::vector<kube::Problem> problems;
  const PodMacs macs = LocalPodMacs(
      test::Objects({PodWith("b", R"([{"ips": ["10.0.1.1"], "mac": "02:00:00:00:01:02"}])"),
                     PodWith("a", kOneInterface)}),
      test::kNodeName, problems);
  EXPECT_EQ(macs.at(Ip("10.0.1.1")), MacAddress{0x020000000101});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].object, "Pod ns1/b");
  EXPECT_EQ(problems[0].message, "10.0.1.1 belongs to Pod ns1/a already");
}

}  // namespace
}  // namespace pointsman
