// kubeconfig files (kind Config of v1), as kubectl reads them. Pure but for OpenKubeconfig.
//
// Errors name file, line, object and field, and never quote a value that may be a secret.
#ifndef POINTSMAN_HOST_APISERVER_KUBECONFIG_H_
#define POINTSMAN_HOST_APISERVER_KUBECONFIG_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "host/apiserver/server_config.h"

namespace pointsman::kube {

// `context` empty: the current-context of the file. Relative paths in it are relative to its
// folder.
//
// Errors: InvalidArgument for text that is no kubeconfig, a context, cluster or user that it names
// but has not, a value of the wrong type or form, and what is not supported (auth-provider,
// impersonation by `as`).
absl::StatusOr<ServerConfig> ParseKubeconfig(std::string_view text,
                                             const std::filesystem::path& file,
                                             const std::string& context);

// Errors besides: NotFound where the file cannot be read.
absl::StatusOr<ServerConfig> OpenKubeconfig(const std::filesystem::path& file,
                                            const std::string& context);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_KUBECONFIG_H_
