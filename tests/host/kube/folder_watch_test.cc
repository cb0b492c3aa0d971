#include "host/kube/folder_watch.h"

#include <fmt/format.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/host/kube/kube_test_util.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLong{5000};
constexpr milliseconds kShort{150};

bool Changed(FolderWatch& watch, milliseconds timeout) {
  const absl::StatusOr<bool> changed = watch.Wait(Clock::now() + timeout);
  EXPECT_TRUE(changed.ok()) << changed.status();
  return changed.ok() && *changed;
}

FolderWatch OpenWatch(const std::filesystem::path& path) {
  absl::StatusOr<FolderWatch> watch = FolderWatch::Open(path);
  EXPECT_TRUE(watch.ok()) << watch.status();
  return *std::move(watch);
}

// A folder m with m/a.yaml, m/sub/b.yaml, and a ConfigMap's links beside.
void Populate(const TempFolder& folder) {
  folder.Write("m/a.yaml", "1");
  folder.Write("m/sub/b.yaml", "1");
  folder.Write("m/..1/c.yaml", "1");
  folder.Link("..1", "m/..data");
  folder.Link("..data/c.yaml", "m/c.yaml");
  folder.Write("elsewhere/d.yaml", "1");
  folder.Link("../elsewhere/d.yaml", "m/d.yaml");
}

TEST(FolderWatchTest, TellsEachKindOfChangeOnce) {
  const struct {
    const char* what;
    std::function<void(const TempFolder&)> change;
  } kCases[] = {
      {"written", [](const TempFolder& f) { f.Write("m/a.yaml", "2"); }},
      {"created", [](const TempFolder& f) { f.Write("m/new.yaml", "2"); }},
      {"deleted", [](const TempFolder& f) { f.Remove("m/a.yaml"); }},
      {"written below", [](const TempFolder& f) { f.Write("m/sub/b.yaml", "2"); }},
      {"folder created", [](const TempFolder& f) { f.Write("m/x/y/z.yaml", "2"); }},
      {"folder moved in",
       [](const TempFolder& f) {
         f.Write("out/x.yaml", "1");
         f.Rename("out", "m/in");
       }},
      {"folder deleted", [](const TempFolder& f) { f.Remove("m/sub"); }},
      {"saved by renaming",
       [](const TempFolder& f) {
         f.Write("m/.a.tmp", "2");
         f.Rename("m/.a.tmp", "m/a.yaml");
       }},
      {"ConfigMap swapped",
       [](const TempFolder& f) {
         f.Write("m/..2/c.yaml", "2");
         f.Link("..2", "m/..data_tmp");
         f.Rename("m/..data_tmp", "m/..data");
         f.Remove("m/..1");
       }},
      {"file behind a link", [](const TempFolder& f) { f.Write("elsewhere/d.yaml", "2"); }},
      {"folder itself deleted", [](const TempFolder& f) { f.Remove("m"); }},
      {"folder itself moved away", [](const TempFolder& f) { f.Rename("m", "n"); }},
  };
  for (const auto& c : kCases) {
    TempFolder folder;
    Populate(folder);
    FolderWatch watch = OpenWatch(folder.path() / "m");
    EXPECT_FALSE(Changed(watch, milliseconds(0))) << c.what;
    c.change(folder);
    EXPECT_TRUE(Changed(watch, kLong)) << c.what;
    EXPECT_FALSE(Changed(watch, kShort)) << c.what;
  }
}

TEST(FolderWatchTest, FollowsWhatComesLater) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  folder.MakeFolder("m/x/y");
  ASSERT_TRUE(Changed(watch, kLong));
  folder.Write("m/x/y/z.yaml", "1");
  EXPECT_TRUE(Changed(watch, kLong));
}

TEST(FolderWatchTest, TheFolderMayVanishAndComeBack) {
  TempFolder folder;
  folder.Write("up/m/a.yaml", "1");
  FolderWatch watch = OpenWatch(folder.path() / "up/m");
  folder.Remove("up");
  ASSERT_TRUE(Changed(watch, kLong));
  folder.Write("up/m/a.yaml", "2");
  EXPECT_TRUE(Changed(watch, kLong));
  folder.Write("up/m/a.yaml", "3");
  EXPECT_TRUE(Changed(watch, kLong));
}

TEST(FolderWatchTest, NeighboursDoNotMatter) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  folder.Write("neighbour.yaml", "1");
  folder.Remove("neighbour.yaml");
  EXPECT_FALSE(Changed(watch, kShort));
}

TEST(FolderWatchTest, ABurstIsOneChange) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  std::thread writer([&folder] {
    for (int i = 0; i < 20; ++i) {
      folder.Write(fmt::format("m/{}.yaml", i), "1");
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  EXPECT_TRUE(Changed(watch, kLong));
  writer.join();
  int more = 0;
  while (Changed(watch, kShort)) ++more;
  EXPECT_LE(more, 2);  // a slow machine may rest in the middle
}

TEST(FolderWatchTest, AFolderThatNeverRestsIsTold) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      folder.Write("m/a.yaml", "1");
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  const Clock::time_point start = Clock::now();
  EXPECT_TRUE(Changed(watch, kLong));
  EXPECT_LT(Clock::now() - start, FolderWatch::kMaxHold * 3);
  stop = true;
  writer.join();
}

TEST(FolderWatchTest, TheFileDescriptorBecomesReadable) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  pollfd wait{.fd = watch.file_descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 0), 0);
  folder.Write("m/a.yaml", "2");
  EXPECT_EQ(poll(&wait, 1, static_cast<int>(kLong.count())), 1);
  EXPECT_TRUE(Changed(watch, kLong));
  EXPECT_EQ(poll(&wait, 1, 0), 0);
}

TEST(FolderWatchTest, WaitsUntilTheDeadlineOnly) {
  TempFolder folder;
  Populate(folder);
  FolderWatch watch = OpenWatch(folder.path() / "m");
  const Clock::time_point start = Clock::now();
  EXPECT_FALSE(Changed(watch, kShort));
  EXPECT_GE(Clock::now() - start, kShort);
  EXPECT_LT(Clock::now() - start, kLong);
}

}  // namespace
}  // namespace pointsman::kube
