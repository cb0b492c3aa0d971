// Says when a folder of manifests, or anything below it, has changed (inotify, see inotify(7)). The
// folder may vanish and come back, and may be a mounted ConfigMap, whose links are swapped. What
// changed is not said: read the folder again after each Wait that gives true, and nothing is
// missed. Not thread-safe; movable.
#ifndef POINTSMAN_HOST_KUBE_FOLDER_WATCH_H_
#define POINTSMAN_HOST_KUBE_FOLDER_WATCH_H_

#include <chrono>
#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

namespace pointsman::kube {

class FolderWatch {
 public:
  // A change is told once this long has passed without another one, so that files half written and
  // saved by renaming are seen whole; a folder that never rests is told after kMaxHold.
  static constexpr std::chrono::milliseconds kQuietPeriod{50};
  static constexpr std::chrono::milliseconds kMaxHold{1000};

  // The folder need not exist yet. To miss nothing, open the watch before the folder is read first.
  // Errors: ResourceExhausted (the kernel's limits for inotify; the message names the sysctl),
  // NotFound (neither the folder nor any folder above it can be watched).
  static absl::StatusOr<FolderWatch> Open(std::filesystem::path folder);

  FolderWatch(FolderWatch&&) noexcept;
  FolderWatch& operator=(FolderWatch&&) noexcept;
  ~FolderWatch();

  // Waits for a change until `deadline`, and then for the end of its quiet period, kMaxHold at
  // most. True: something changed since the last Wait that gave true. Errors: as Open; Internal.
  absl::StatusOr<bool> Wait(std::chrono::steady_clock::time_point deadline);

  // For poll(): readable when Wait will not wait for a change. Owned by this object; do not read
  // it.
  int file_descriptor() const;

 private:
  class Inotify;
  explicit FolderWatch(std::unique_ptr<Inotify> inotify);

  std::unique_ptr<Inotify> inotify_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_FOLDER_WATCH_H_
