#include "host/kube/folder_listing.h"

#include "tests/host/kube/kube_test_util.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> Names(const TempFolder& folder,
                               const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(path.lexically_relative(folder.path()));
  return names;
}

TEST(FolderListingTest, TakesManifestsOnlySortedAndBelow) {
  TempFolder folder;
  for (const char* name :
       {"b.yaml", "a.yml", "sub/deep/c.json", ".hidden.yaml", ".git/x.yaml", "x.yaml~", "#y.yaml#",
        ".#z.yaml", "note.txt", "w.yaml.swp", "v.yaml.tmp", "4913"}) {
    folder.Write(name, "");
  }
  const absl::StatusOr<FolderListing> listing = ListFolder(folder.path());
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(Names(folder, listing->files), ElementsAre("a.yml", "b.yaml", "sub/deep/c.json"));
  EXPECT_THAT(listing->folders, SizeIs(3));
}

TEST(FolderListingTest, ReadsAMountedConfigMapOnce) {
  TempFolder folder;
  folder.Write("..2026_01/web.yaml", "");
  folder.Write("..2026_01/sub/db.yaml", "");
  folder.Link("..2026_01", "..data");
  folder.Link("..data/web.yaml", "web.yaml");
  folder.Link("..data/sub", "sub");
  folder.Link("nowhere", "dangling.yaml");
  const absl::StatusOr<FolderListing> listing = ListFolder(folder.path());
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(Names(folder, listing->files), ElementsAre("sub/db.yaml", "web.yaml"));
}

TEST(FolderListingTest, EndsInALoopOfLinks) {
  TempFolder folder;
  folder.Write("a/x.yaml", "");
  folder.Link("..", "a/up");
  const absl::StatusOr<FolderListing> listing = ListFolder(folder.path());
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(listing->files, SizeIs(1));
}

TEST(FolderListingTest, SaysWhatIsWrong) {
  TempFolder folder;
  folder.Write("file.yaml", "");
  const absl::Status missing = ListFolder(folder.path() / "none").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr((folder.path() / "none").string()));
  const absl::Status file = ListFolder(folder.path() / "file.yaml").status();
  EXPECT_EQ(file.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.message()), HasSubstr("file.yaml: not a folder"));
}

}  // namespace
}  // namespace pointsman::kube
