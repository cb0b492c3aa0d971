// That a folder of kept files has one process at a time. Owns the lock, which ends with the process
// whatever ends that.
#ifndef POINTSMAN_HOST_KEPT_FOLDER_LOCK_H_
#define POINTSMAN_HOST_KEPT_FOLDER_LOCK_H_

#include <boost/interprocess/sync/file_lock.hpp>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace pointsman {

class FolderLock {
 public:
  // Makes the folder, and FOLDER/lock in it, where there is none. Errors: FailedPrecondition naming
  // the folder that cannot be made, or that another process has.
  static absl::StatusOr<FolderLock> Take(const std::string& folder);

 private:
  explicit FolderLock(boost::interprocess::file_lock lock) : lock_(std::move(lock)) {}

  boost::interprocess::file_lock lock_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_KEPT_FOLDER_LOCK_H_
