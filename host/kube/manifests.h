// A folder of manifests on disk: all *.yaml, *.yml and *.json in it and below, in sorted order.
// A thin shell that reads files; what they mean together is host/kube/manifest_set.h.
// Not thread-safe.
#ifndef POINTSMAN_HOST_KUBE_MANIFESTS_H_
#define POINTSMAN_HOST_KUBE_MANIFESTS_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "host/kube/manifest_set.h"

namespace pointsman::kube {

class ManifestFolder {
 public:
  // Reads the folder for the first time. What is wrong with single files is in view().problems.
  // Errors: those of ListFolder: the folder is missing, is none, or cannot be read.
  static absl::StatusOr<ManifestFolder> Open(std::filesystem::path folder);

  // Reads the folder again. Where it has vanished or cannot be read, all objects stay, and view()
  // has that as its one problem.
  const ManifestView& Reload();

  // As of the last read. File names in it begin with the folder's path as given to Open.
  const ManifestView& view() const { return manifests_.view(); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit ManifestFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
  ManifestSet manifests_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_MANIFESTS_H_
