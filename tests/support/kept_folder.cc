#include "tests/support/kept_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace pointsman::test {

void KeptFolderTest::SetUp() {
  std::string name = testing::TempDir() + "kept_XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
}

void KeptFolderTest::KillWhile(const std::function<void()>& work) {
  std::array<int, 2> begun{};
  ASSERT_EQ(pipe(begun.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    work();
    static_cast<void>(!write(begun[1], "!", 1));
    for (;;) work();
  }
  char byte = 0;
  close(begun[1]);
  ASSERT_EQ(read(begun[0], &byte, 1), 1);
  close(begun[0]);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

void KeptFolderTest::Overwrite(const std::string& path, uint64_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

}  // namespace pointsman::test
