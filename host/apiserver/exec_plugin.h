// Runs the credential plugins of kubeconfigs. Source: "client-go credential plugins"
// (client.authentication.k8s.io/v1 and v1beta1).
#ifndef POINTSMAN_HOST_APISERVER_EXEC_PLUGIN_H_
#define POINTSMAN_HOST_APISERVER_EXEC_PLUGIN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/apiserver/server_config.h"

namespace pointsman::kube {

struct ExecCredential {
  std::string token;               // empty: none
  std::string client_certificate;  // PEM; empty: none
  std::string client_key;
  absl::Time expiration = absl::InfiniteFuture();
};

// Pure: what a plugin has printed. Errors: InvalidArgument naming the field, never quoting a value.
absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text,
                                                   const std::string& api_version);

// Pure: what a plugin is told in KUBERNETES_EXEC_INFO.
std::string ExecInfo(const ExecPlugin& plugin, const ServerConfig& config);

// Runs config.exec to its end, `timeout` at most; it is killed then. It has no input, and its
// standard error is that of this process.
//
// REQUIRES: config.exec. Errors: FailedPrecondition (cannot be started, ends with another code than
// 0), DeadlineExceeded, InvalidArgument (as ParseExecCredential); each names the plugin.
absl::StatusOr<ExecCredential> RunExecPlugin(const ServerConfig& config, absl::Duration timeout);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_EXEC_PLUGIN_H_
