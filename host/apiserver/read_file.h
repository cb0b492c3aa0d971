// Whole files, as kubeconfigs name them.
#ifndef POINTSMAN_HOST_APISERVER_READ_FILE_H_
#define POINTSMAN_HOST_APISERVER_READ_FILE_H_

#include <filesystem>
#include <optional>
#include <string>

namespace pointsman::kube {

// Nothing where the file is missing, is a folder, or cannot be read.
std::optional<std::string> ReadFile(const std::filesystem::path& file);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_READ_FILE_H_
