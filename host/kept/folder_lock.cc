#include "host/kept/folder_lock.h"

#include <fmt/format.h>

#include <boost/interprocess/exceptions.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace pointsman {

namespace ipc = boost::interprocess;

absl::StatusOr<FolderLock> FolderLock::Take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = folder + "/lock";
  if (!error && !std::ofstream(path, std::ios::app)) error = {errno, std::system_category()};
  if (error) {
    return absl::FailedPreconditionError(
        fmt::format("{}: nothing can be kept there: {}", folder, error.message()));
  }
  try {
    ipc::file_lock lock(path.c_str());
    if (lock.try_lock()) return FolderLock(std::move(lock));
  } catch (const ipc::interprocess_exception& exception) {
    return absl::FailedPreconditionError(
        fmt::format("{}: cannot be locked: {}", path, exception.what()));
  }
  return absl::FailedPreconditionError(
      fmt::format("{}: another agent keeps its state there", folder));
}

}  // namespace pointsman
