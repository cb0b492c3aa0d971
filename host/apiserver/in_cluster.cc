#include "host/apiserver/in_cluster.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

namespace pointsman::kube {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status Missing(const std::string& what) {
  return absl::FailedPreconditionError(fmt::format(
      "{} is missing: this is no pod with a ServiceAccount; outside a cluster name a --kubeconfig",
      what));
}

}  // namespace

absl::StatusOr<ServerConfig> InClusterConfig(const std::filesystem::path& folder) {
  const std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty()) return Missing("the variable KUBERNETES_SERVICE_HOST");
  if (port.empty()) return Missing("the variable KUBERNETES_SERVICE_PORT");
  ServerConfig config;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  config.server = fmt::format("https://{}:{}", is_ipv6 ? "[" + host + "]" : host, port);
  config.name = fmt::format("in cluster ({})", config.server);
  config.token_file = folder / "token";
  config.certificate_authority = {
      .data = "", .file = folder / "ca.crt", .field = "the ServiceAccount's ca.crt"};
  for (const std::filesystem::path& file : {config.token_file, config.certificate_authority.file}) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return Missing(file.string());
  }
  return config;
}

}  // namespace pointsman::kube
