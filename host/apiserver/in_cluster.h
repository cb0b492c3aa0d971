// How a pod reaches the API server of its cluster: by what the kubelet puts into it.
//
// Source: "Accessing the Kubernetes API from a Pod".
#ifndef POINTSMAN_HOST_APISERVER_IN_CLUSTER_H_
#define POINTSMAN_HOST_APISERVER_IN_CLUSTER_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "host/apiserver/server_config.h"

namespace pointsman::kube {

inline constexpr char kServiceAccountFolder[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// By the variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and the files token and
// ca.crt of the folder. Errors: FailedPrecondition naming what is missing: this is no pod, or one
// without a ServiceAccount's token.
absl::StatusOr<ServerConfig> InClusterConfig(
    const std::filesystem::path& folder = kServiceAccountFolder);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_IN_CLUSTER_H_
