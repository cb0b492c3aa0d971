// A folder for one test, with the file operations that tests of watching need. Removed at the end.
#ifndef POINTSMAN_TESTS_HOST_KUBE_TEMP_FOLDER_H_
#define POINTSMAN_TESTS_HOST_KUBE_TEMP_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pointsman::kube {

class TempFolder {
 public:
  TempFolder() {
    std::string name = testing::TempDir() + "/kube_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << name;
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  void Write(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  void Rename(const std::filesystem::path& from, const std::filesystem::path& to) const {
    std::filesystem::rename(path_ / from, path_ / to);
  }
  void Remove(const std::filesystem::path& name) const {
    std::filesystem::remove_all(path_ / name);
  }
  void MakeFolder(const std::filesystem::path& name) const {
    std::filesystem::create_directories(path_ / name);
  }
  // `target` as it will stand in the link.
  void Link(const std::filesystem::path& target, const std::filesystem::path& name) const {
    std::filesystem::create_symlink(target, path_ / name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_TESTS_HOST_KUBE_TEMP_FOLDER_H_
