#include "host/kept/mapped_file.h"

#include <fmt/format.h>

#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/file_mapping.hpp>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace pointsman {

namespace ipc = boost::interprocess;

absl::StatusOr<MappedFile> MappedFile::Map(const std::string& path) {
  try {
    const ipc::file_mapping file(path.c_str(), ipc::read_write);
    return MappedFile(ipc::mapped_region(file, ipc::read_write));
  } catch (const ipc::interprocess_exception& error) {
    return absl::FailedPreconditionError(
        fmt::format("{}: cannot be mapped into memory: {}", path, error.what()));
  }
}

absl::StatusOr<MappedFile> MappedFile::Create(const std::string& path, size_t bytes) {
  std::error_code error;
  if (!std::ofstream(path, std::ios::trunc)) error = {errno, std::system_category()};
  if (!error) std::filesystem::resize_file(path, bytes, error);
  if (error) {
    return absl::FailedPreconditionError(
        fmt::format("{}: cannot be made with {} bytes: {}", path, bytes, error.message()));
  }
  return Map(path);
}

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(fmt::format("{}: there is no such file", path));
  }
  if (std::filesystem::file_size(path, error) == 0) {
    return absl::FailedPreconditionError(fmt::format("{}: is empty", path));
  }
  return Map(path);
}

}  // namespace pointsman
