// Which files of a folder are manifests, and which folders must be watched to know.
#ifndef POINTSMAN_HOST_KUBE_FOLDER_LISTING_H_
#define POINTSMAN_HOST_KUBE_FOLDER_LISTING_H_

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::kube {

struct FolderListing {
  // *.yaml, *.yml, *.json, sorted. Symbolic links are followed, as a mounted ConfigMap consists of
  // them.
  std::vector<std::filesystem::path> files;
  // The folder itself and those below, each once.
  std::vector<std::filesystem::path> folders;
};

// Hidden entries (".git", a ConfigMap's "..data") and editors' backups and locks ("#x#", "x~") are
// passed over; entries that vanish meanwhile, too.
// Errors: NotFound (there is no such folder), InvalidArgument (it is none), PermissionDenied, each
// naming the path.
absl::StatusOr<FolderListing> ListFolder(const std::filesystem::path& folder);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_FOLDER_LISTING_H_
