#include "host/kube/manifests.h"

#include "tests/host/kube/kube_test_util.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kNode[] = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n";
constexpr char kPod[] = R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})";

TEST(ManifestsTest, ReadsAFolderAndReadsItAgain) {
  TempFolder folder;
  folder.Write("n.yaml", kNode);
  folder.Write("sub/p.json", kPod);
  absl::StatusOr<ManifestFolder> manifests = ManifestFolder::Open(folder.path());
  ASSERT_TRUE(manifests.ok()) << manifests.status();
  EXPECT_EQ(manifests->view().objects.nodes.size(), 1u);
  EXPECT_EQ(manifests->view().objects.pods.size(), 1u);
  EXPECT_THAT(Texts(manifests->view().problems), IsEmpty());

  folder.Write("n.yaml", "kind: [");
  folder.Remove("sub");
  const ManifestView& view = manifests->Reload();
  EXPECT_EQ(view.objects.nodes.size(), 1u);
  EXPECT_EQ(view.objects.pods.size(), 0u);
  EXPECT_THAT(Texts(view.problems), ElementsAre(HasSubstr("n.yaml: line 1, column ")));
}

TEST(ManifestsTest, AFolderThatVanishesKeepsEverythingUntilItIsBack) {
  TempFolder folder;
  folder.Write("m/n.yaml", kNode);
  absl::StatusOr<ManifestFolder> manifests = ManifestFolder::Open(folder.path() / "m");
  ASSERT_TRUE(manifests.ok()) << manifests.status();
  folder.Remove("m");
  EXPECT_EQ(manifests->Reload().objects.nodes.size(), 1u);
  EXPECT_THAT(Texts(manifests->view().problems),
              ElementsAre(HasSubstr("/m: there is no such folder; name one that holds manifests")));
  folder.Write("m/p.json", kPod);
  EXPECT_EQ(manifests->Reload().objects.nodes.size(), 0u);
  EXPECT_EQ(manifests->view().objects.pods.size(), 1u);
  EXPECT_THAT(Texts(manifests->view().problems), IsEmpty());
}

TEST(ManifestsTest, AMissingFolderIsAnError) {
  const absl::Status status = ManifestFolder::Open("/no/such/folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/folder"));
}

TEST(ManifestsTest, AFileThatIsTooLargeIsAProblem) {
  TempFolder folder;
  folder.Write("large.yaml", "");
  std::filesystem::resize_file(folder.path() / "large.yaml", (32u << 20) + 10);
  const absl::StatusOr<ManifestFolder> manifests = ManifestFolder::Open(folder.path());
  ASSERT_TRUE(manifests.ok()) << manifests.status();
  EXPECT_THAT(Texts(manifests->view().problems), ElementsAre(EndsWith("split it up")));
}

}  // namespace
}  // namespace pointsman::kube
