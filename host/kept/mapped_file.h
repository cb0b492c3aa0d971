// A file of fixed size in memory: what is written there stays when the process is killed, as long
// as the machine runs. Owns the mapping, not the file.
#ifndef POINTSMAN_HOST_KEPT_MAPPED_FILE_H_
#define POINTSMAN_HOST_KEPT_MAPPED_FILE_H_

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman {

class MappedFile {
 public:
  // Makes the file, or empties it. Errors: FailedPrecondition naming the file and what the system
  // says.
  static absl::StatusOr<MappedFile> Create(const std::string& path, size_t bytes);
  // NotFound: there is no such file; FailedPrecondition as above, and for an empty one.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(region_.get_address()), region_.get_size()};
  }

 private:
  explicit MappedFile(boost::interprocess::mapped_region region) : region_(std::move(region)) {}
  static absl::StatusOr<MappedFile> Map(const std::string& path);

  boost::interprocess::mapped_region region_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_KEPT_MAPPED_FILE_H_
