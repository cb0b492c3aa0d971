// The secrets of a request, as they are now: files read anew, plugins run again when theirs expire.
#ifndef POINTSMAN_HOST_APISERVER_CREDENTIALS_H_
#define POINTSMAN_HOST_APISERVER_CREDENTIALS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/apiserver/exec_plugin.h"
#include "host/apiserver/server_config.h"

namespace pointsman::kube {

// For one request. PEM texts; what is empty is not used.
struct Credentials {
  std::string certificate_authority;
  std::string client_certificate;
  std::string client_key;
  std::string token;
  std::string username;
  std::string password;
};

// Not thread-safe.
class CredentialSource {
 public:
  static constexpr absl::Duration kExecTimeout = absl::Seconds(30);

  explicit CredentialSource(ServerConfig config) : config_(std::move(config)) {}

  // `now` is of the clock that expirations are written in. May take as long as a plugin does.
  // Errors: NotFound for a file that cannot be read, naming it and the field (a token read before
  // goes on being used); InvalidArgument for one that is no PEM text; those of RunExecPlugin.
  absl::StatusOr<Credentials> Get(absl::Time now);

  // The server does not accept them: a plugin is asked again next time.
  void Refused() { exec_.reset(); }

  // `text` without the secrets that Get has ever given, for messages that others wrote.
  std::string Redacted(std::string text) const;

  const ServerConfig& config() const { return config_; }

 private:
  absl::StatusOr<std::string> Token();
  absl::Status AddExec(absl::Time now, Credentials& credentials);
  void Remember(const std::string& secret);

  const ServerConfig config_;
  std::string last_token_;  // of the file
  std::optional<ExecCredential> exec_;
  std::vector<std::string> secrets_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_CREDENTIALS_H_
