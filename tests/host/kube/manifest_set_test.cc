#include "host/kube/manifest_set.h"

#include <fmt/format.h>

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A headless Service whose affinity time-out tells its versions apart.
std::string ServiceText(const std::string& name, int version) {
  return fmt::format(
      "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {{clusterIP: None, "
      "sessionAffinityConfig: {{clientIP: {{timeoutSeconds: {}}}}}}}\n",
      name, version);
}

std::string WithAddress(const std::string& name, const std::string& ip) {
  return fmt::format(
      "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {{clusterIP: {}, ports: "
      "[{{port: 80}}]}}\n",
      name, ip);
}

std::map<std::string, int> VersionsIn(const ManifestView& view) {
  std::map<std::string, int> versions;
  for (const auto& [key, service] : view.objects.services) {
    versions[key.name] = service.session_affinity_timeout_seconds;
  }
  return versions;
}

using Versions = std::map<std::string, int>;

constexpr int kBad = 0;  // an affinity time-out that is refused

TEST(ManifestSetTest, FollowsChangesAdditionsAndDeletions) {
  ManifestSet set;
  EXPECT_EQ(VersionsIn(set.Update({{"a.yaml", ServiceText("x", 1) + ServiceText("y", 1)}})),
            (Versions{{"x", 1}, {"y", 1}}));
  EXPECT_EQ(
      VersionsIn(set.Update({{"a.yaml", ServiceText("x", 2)}, {"b.yaml", ServiceText("z", 1)}})),
      (Versions{{"x", 2}, {"z", 1}}));
  EXPECT_EQ(VersionsIn(set.Update({{"b.yaml", ServiceText("z", 1)}})), (Versions{{"z", 1}}));
  EXPECT_EQ(VersionsIn(set.Update({})), Versions{});
  EXPECT_THAT(Texts(set.view().problems), IsEmpty());
}

TEST(ManifestSetTest, ABadObjectKeepsItsLastGoodState) {
  ManifestSet set;
  set.Update({{"a.yaml", ServiceText("x", 1) + ServiceText("y", 1)}});
  const std::vector<ManifestFile> bad = {{"a.yaml", ServiceText("x", kBad) + ServiceText("y", 2)}};
  for (int round = 0; round < 2; ++round) {  // reported until mended
    const ManifestView& view = set.Update(bad);
    EXPECT_EQ(VersionsIn(view), (Versions{{"x", 1}, {"y", 2}}));
    EXPECT_THAT(Texts(view.problems),
                ElementsAre("a.yaml:5: Service default/x: spec.sessionAffinityConfig.clientIP."
                            "timeoutSeconds: 0 is not a time in seconds (1..86400)"));
    EXPECT_THAT(Texts(view.notes),
                ElementsAre("a.yaml:2: Service default/x: keeps its last good state"));
  }
  const ManifestView& mended = set.Update({{"a.yaml", ServiceText("x", 3)}});
  EXPECT_EQ(VersionsIn(mended), (Versions{{"x", 3}}));
  EXPECT_THAT(Texts(mended.problems), IsEmpty());
  EXPECT_THAT(Texts(mended.notes), IsEmpty());
}

TEST(ManifestSetTest, ABadObjectThatNeverWasGoodIsNotThere) {
  ManifestSet set;
  const ManifestView& view = set.Update({{"a.yaml", ServiceText("x", kBad)}});
  EXPECT_EQ(VersionsIn(view), Versions{});
  EXPECT_EQ(view.problems.size(), 1u);
}

TEST(ManifestSetTest, AFileThatCannotBeReadKeepsAllItsObjects) {
  const absl::StatusOr<std::string> kUnreadable[] = {
      std::string("a: [1"), std::string("words"), absl::UnavailableError("cannot be opened"),
      std::string("apiVersion: v1\nkind: Service\nspec: {}\n")};
  for (const auto& text : kUnreadable) {
    ManifestSet set;
    set.Update(
        {{"a.yaml", ServiceText("x", 1) + ServiceText("y", 1)}, {"b.yaml", ServiceText("z", 1)}});
    const ManifestView& view = set.Update({{"a.yaml", text}});
    EXPECT_EQ(VersionsIn(view), (Versions{{"x", 1}, {"y", 1}}));
    ASSERT_FALSE(view.problems.empty());
    EXPECT_EQ(view.problems[0].origin.file, "a.yaml");
  }
}

TEST(ManifestSetTest, ABadObjectThatGoesAwayIsDeleted) {
  ManifestSet set;
  set.Update({{"a.yaml", ServiceText("x", 1) + ServiceText("y", 1)}});
  set.Update({{"a.yaml", ServiceText("x", kBad) + ServiceText("y", 1)}});
  EXPECT_EQ(VersionsIn(set.Update({{"a.yaml", ServiceText("y", 1)}})), (Versions{{"y", 1}}));
}

TEST(ManifestSetTest, OfTheSameObjectTwiceTheFirstCounts) {
  ManifestSet set;
  const ManifestView& view =
      set.Update({{"a.yaml", ServiceText("x", 1)}, {"b.yaml", ServiceText("x", 2)}});
  EXPECT_EQ(VersionsIn(view), (Versions{{"x", 1}}));
  EXPECT_THAT(Texts(view.problems),
              ElementsAre("b.yaml:2: Service default/x: metadata.name: the same object is in "
                          "a.yaml:2 already, which counts; remove one of the two"));
}

TEST(ManifestSetTest, AnObjectMayMoveToAnotherFile) {
  ManifestSet set;
  set.Update({{"b.yaml", ServiceText("x", 1)}});
  const ManifestView& view = set.Update({{"a.yaml", ServiceText("x", 2)}, {"b.yaml", ""}});
  EXPECT_EQ(VersionsIn(view), (Versions{{"x", 2}}));
  EXPECT_EQ(view.origins.at({Kind::kService, "default", "x"}).ToString(), "a.yaml:2");
  EXPECT_THAT(Texts(view.problems), IsEmpty());
}

TEST(ManifestSetTest, TwoServicesOnOneClusterIpNameBothFiles) {
  ManifestSet set;
  set.Update({{"b.yaml", WithAddress("old", "10.0.0.1")}});
  const ManifestView& view = set.Update(
      {{"a.yaml", WithAddress("new", "10.0.0.1")}, {"b.yaml", WithAddress("old", "10.0.0.1")}});
  EXPECT_EQ(view.objects.services.size(), 1u);
  EXPECT_THAT(Texts(view.problems),
              ElementsAre("a.yaml:2: Service default/new: spec.clusterIPs[0]: cluster IP 10.0.0.1 "
                          "belongs to Service default/old (b.yaml:2) already; give this Service "
                          "another one"));
}

TEST(ManifestSetTest, AFolderThatVanishesKeepsEverything) {
  ManifestSet set;
  set.Update({{"a.yaml", ServiceText("x", 1)}});
  const ManifestView& view = set.Keep({{}, "", "", "/manifests: there is no such folder"});
  EXPECT_EQ(VersionsIn(view), (Versions{{"x", 1}}));
  EXPECT_THAT(Texts(view.problems), ElementsAre("/manifests: there is no such folder"));
  EXPECT_EQ(VersionsIn(set.Update({{"a.yaml", ServiceText("x", kBad)}})), (Versions{{"x", 1}}));
}

TEST(ManifestSetTest, AddsDerivedSlices) {
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
      "spec: {clusterIP: 10.0.0.1, selector: {app: web}, ports: [{port: 80}]}\n";
  const std::string pod =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web}}\n"
      "status: {podIP: 10.1.0.1, phase: Running}\n";
  ManifestSet set;
  EXPECT_EQ(set.Update({{"a.yaml", service + pod}}).objects.endpoint_slices.size(), 1u);
  EXPECT_EQ(set.Update({{"a.yaml", service}}).objects.endpoint_slices.size(), 0u);
}

}  // namespace
}  // namespace pointsman::kube
