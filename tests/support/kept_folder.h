// A folder of files that outlive their process, for tests: processes that are really killed while
// they write there, and files that somebody damages.
#ifndef POINTSMAN_TESTS_SUPPORT_KEPT_FOLDER_H_
#define POINTSMAN_TESTS_SUPPORT_KEPT_FOLDER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace pointsman::test {

class KeptFolderTest : public testing::Test {
 protected:
  void SetUp() override;
  ~KeptFolderTest() override { std::filesystem::remove_all(folder_); }

  // Does `work` again and again in a process that is killed a moment after it did so first.
  static void KillWhile(const std::function<void()>& work);

  static void Overwrite(const std::string& path, uint64_t at, const std::string& bytes);

  std::filesystem::path folder_;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_KEPT_FOLDER_H_
