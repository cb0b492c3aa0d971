#include "host/kube/manifests.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "host/kube/folder_listing.h"
#include "host/kube/yaml_text.h"

namespace pointsman::kube {
namespace {

absl::StatusOr<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::UnavailableError(
        fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
  }
  std::string text;
  std::array<char, 64 * 1024> chunk;
  // More than the parser takes need not be read: it will say so.
  while (text.size() <= kMaxYamlBytes && file.read(chunk.data(), chunk.size()).gcount() > 0) {
    text.append(chunk.data(), static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return absl::UnavailableError("cannot be read to its end");
  return text;
}

std::vector<ManifestFile> ReadFiles(const FolderListing& listing) {
  std::vector<ManifestFile> files;
  for (const std::filesystem::path& path : listing.files) {
    files.push_back({path.string(), ReadText(path)});
  }
  return files;
}

}  // namespace

absl::StatusOr<ManifestFolder> ManifestFolder::Open(std::filesystem::path folder) {
  ManifestFolder manifests(std::move(folder));
  const absl::StatusOr<FolderListing> listing = ListFolder(manifests.folder_);
  if (!listing.ok()) return listing.status();
  manifests.manifests_.Update(ReadFiles(*listing));
  return manifests;
}

const ManifestView& ManifestFolder::Reload() {
  const absl::StatusOr<FolderListing> listing = ListFolder(folder_);
  if (listing.ok()) return manifests_.Update(ReadFiles(*listing));
  return manifests_.Keep({{}, "", "", std::string(listing.status().message())});
}

}  // namespace pointsman::kube
