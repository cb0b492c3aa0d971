#include "host/kube/folder_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

namespace pointsman::kube {
namespace {

namespace fs = std::filesystem;

bool IsPassedOver(const std::string& name) {
  return name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
}

bool IsManifest(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

absl::Status Unreadable(const fs::path& folder, const std::error_code& error) {
  return absl::PermissionDeniedError(
      fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
}

// Walks below `folder`. `seen` holds real paths, so that a loop of links ends.
absl::Status Walk(const fs::path& folder, std::set<fs::path>& seen, FolderListing& listing) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error == std::errc::no_such_file_or_directory) return absl::OkStatus();
  if (error) return Unreadable(folder, error);
  if (!seen.insert(real).second) return absl::OkStatus();
  fs::directory_iterator entry(folder, error);
  listing.folders.push_back(folder);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (IsPassedOver(entry->path().filename())) continue;
    std::error_code vanished;
    const fs::file_status status = entry->status(vanished);
    if (fs::is_directory(status)) {
      const absl::Status below = Walk(entry->path(), seen, listing);
      if (!below.ok()) return below;
    } else if (fs::is_regular_file(status) && IsManifest(entry->path())) {
      listing.files.push_back(entry->path());
    }
  }
  return error ? Unreadable(folder, error) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<FolderListing> ListFolder(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    return absl::NotFoundError(
        fmt::format("{}: there is no such folder; name one that holds manifests", folder.string()));
  }
  if (status.type() != fs::file_type::directory) {
    return absl::InvalidArgumentError(
        fmt::format("{}: not a folder; name the folder that holds the manifests", folder.string()));
  }
  FolderListing listing;
  std::set<fs::path> seen;
  const absl::Status walked = Walk(folder, seen, listing);
  if (!walked.ok()) return walked;
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

}  // namespace pointsman::kube
