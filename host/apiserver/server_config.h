// How an API server is reached and who asks: what a kubeconfig or a pod's files say, with nothing
// read yet of the files that they name. Plain values. Secrets in here are for requests only;
// nothing here has a text form, so that none ends in a log.
#ifndef POINTSMAN_HOST_APISERVER_SERVER_CONFIG_H_
#define POINTSMAN_HOST_APISERVER_SERVER_CONFIG_H_

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pointsman::kube {

// PEM text, or the file that holds it, which is read anew for every request, as it may be renewed.
struct PemSource {
  std::string data;
  std::filesystem::path file;  // where data is empty
  std::string field;           // where it was said, for messages: "config: user admin: client-key"

  bool empty() const { return data.empty() && file.empty(); }
  bool operator==(const PemSource&) const = default;
};

// A program that prints an ExecCredential (client.authentication.k8s.io).
struct ExecPlugin {
  std::string api_version;
  std::string command;  // a path, or a name to be found in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // besides those of this process
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string field;  // as in PemSource
  bool operator==(const ExecPlugin&) const = default;
};

struct ServerConfig {
  std::string name;             // for messages: "config: cluster prod (https://10.0.0.1:6443)"
  std::string server;           // "https://10.0.0.1:6443", without a slash at the end
  std::string tls_server_name;  // whom the certificate must name; empty: the host of `server`
  bool insecure_skip_tls_verify = false;
  PemSource certificate_authority;  // empty: those that the system trusts
  std::string proxy_url;            // empty: as HTTPS_PROXY and NO_PROXY say

  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::filesystem::path token_file;  // counts more than token, and is read anew for every request
  std::string username;
  std::string password;
  std::optional<ExecPlugin> exec;

  bool operator==(const ServerConfig&) const = default;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_SERVER_CONFIG_H_
