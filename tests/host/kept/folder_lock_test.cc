#include "host/kept/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "tests/support/kept_folder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

class FolderLockTest : public test::KeptFolderTest {
 protected:
  // What another process is told.
  static std::string AskElsewhere(const std::string& folder) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      const std::string message(FolderLock::Take(folder).status().message());
      static_cast<void>(!write(ends[1], message.data(), message.size()));
      _exit(0);
    }
    close(ends[1]);
    std::string message(1000, '\0');
    message.resize(static_cast<size_t>(read(ends[0], message.data(), message.size())));
    close(ends[0]);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    return message;
  }
};

TEST_F(FolderLockTest, OneProcessAtATimeHasAFolder) {
  const std::string folder = folder_ / "new" / "state";
  {
    const auto lock = FolderLock::Take(folder);
    ASSERT_TRUE(lock.ok()) << lock.status();
    EXPECT_THAT(AskElsewhere(folder), HasSubstr("state: another agent keeps its state there"));
  }
  EXPECT_EQ(AskElsewhere(folder), "");
}

TEST_F(FolderLockTest, EndsWithAProcessThatIsKilled) {
  KillWhile([this] {
    static const auto lock = FolderLock::Take(folder_);
    ASSERT_TRUE(lock.ok()) << lock.status();
  });
  EXPECT_TRUE(FolderLock::Take(folder_).ok());
}

TEST_F(FolderLockTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(folder_ / "file") << "content";
  EXPECT_THAT(std::string(FolderLock::Take(folder_ / "file").status().message()),
              HasSubstr("/file: nothing can be kept there: Not a directory"));
}

}  // namespace
}  // namespace pointsman
