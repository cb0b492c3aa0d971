#include "host/agent/node_forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "host/kube/manifests.h"
#include "tests/host/agent/manifests.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<NodeForwarding> OfFolder(const kube::TempFolder& folder, const std::string& node) {
  auto manifests = kube::ManifestFolder::Open(folder.path());
  if (!manifests.ok()) return manifests.status();
  return ForwardingOfNode(manifests->view(), node, {});
}

TEST(ForwardingOfNodeTest, ForwardsTheFoldersServices) {
  kube::TempFolder folder;
  folder.Write("node.yaml", test::kNodeManifest);
  folder.Write("web.yaml", test::kServiceManifest);
  const auto result = OfFolder(folder, "n1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->problems, IsEmpty());
  ASSERT_EQ(result->services.size(), 1u);
  EXPECT_EQ(result->services[0].service.name, "web");
  ASSERT_EQ(result->forwarding.frontends.size(), 1u);
  EXPECT_EQ(result->forwarding.frontends[0].address, Ipv4Address{0x0a60000a});
  EXPECT_EQ(result->forwarding.frontends[0].inside.endpoints.size(), 2u);
  EXPECT_EQ(result->forwarding.masquerade_address, Ipv4Address{0xc0a80002});
}

TEST(ForwardingOfNodeTest, ReportsBadManifestsAndForwardsTheRest) {
  kube::TempFolder folder;
  folder.Write("node.yaml", test::kNodeManifest);
  folder.Write("web.yaml", test::kServiceManifest);
  folder.Write("bad.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: 7/7}\n");
  const auto result = OfFolder(folder, "n1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->problems, Contains(HasSubstr("bad.yaml")));
  EXPECT_EQ(result->forwarding.frontends.size(), 1u);
}

TEST(ForwardingOfNodeTest, NamesTheNodeThatIsNotThere) {
  kube::TempFolder folder;
  folder.Write("node.yaml", test::kNodeManifest);
  const auto result = OfFolder(folder, "n9");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("n9"));
}

}  // namespace
}  // namespace pointsman
