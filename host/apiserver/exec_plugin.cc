#include "host/apiserver/exec_plugin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/escaping.h"
#include "host/apiserver/api_json.h"
#include "host/apiserver/child_output.h"
#include "host/apiserver/read_file.h"

namespace pointsman::kube {
namespace {

constexpr char kExecInfo[] = "KUBERNETES_EXEC_INFO=";

absl::Status BadCredential(std::string_view field, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("what it printed is no ExecCredential: {}: {}", field, why));
}

std::string TextOf(const Value& map, std::string_view name) {
  const Value* value = map.Find(name);
  return value != nullptr && value->type == ValueType::kString ? value->text : "";
}

// The authority as the plugin is told it: base64 of the PEM text.
std::string AuthorityData(const PemSource& authority) {
  std::string pem = authority.data;
  if (pem.empty() && !authority.file.empty()) pem = ReadFile(authority.file).value_or("");
  std::string encoded;
  absl::Base64Escape(pem, &encoded);
  return encoded;
}

std::vector<std::string> EnvironmentOf(const ExecPlugin& plugin, const ServerConfig& config) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = text.starts_with(kExecInfo);
    for (const auto& variable : plugin.env) replaced |= variable.first == name;
    if (!replaced) environment.emplace_back(text);
  }
  for (const auto& [name, value] : plugin.env) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  environment.push_back(kExecInfo + ExecInfo(plugin, config));
  return environment;
}

absl::Status Named(const ExecPlugin& plugin, const absl::Status& status) {
  const std::string hint = plugin.install_hint.empty() ? "" : "; " + plugin.install_hint;
  return absl::Status(status.code(), fmt::format("{} ({}): {}{}", plugin.field, plugin.command,
                                                 std::string(status.message()), hint));
}

}  // namespace

absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text,
                                                   const std::string& api_version) {
  const absl::StatusOr<Value> root = ReadJson(text);
  if (!root.ok()) return BadCredential("the whole", "not JSON");
  if (TextOf(*root, "kind") != "ExecCredential") return BadCredential("kind", "is another");
  if (TextOf(*root, "apiVersion") != api_version) {
    return BadCredential("apiVersion", fmt::format("is not {}", api_version));
  }
  const Value* status = root->Find("status");
  if (status == nullptr) return BadCredential("status", "missing");
  ExecCredential credential;
  credential.token = TextOf(*status, "token");
  credential.client_certificate = TextOf(*status, "clientCertificateData");
  credential.client_key = TextOf(*status, "clientKeyData");
  if (credential.client_certificate.empty() != credential.client_key.empty()) {
    return BadCredential("status", "clientCertificateData and clientKeyData go together");
  }
  if (credential.token.empty() && credential.client_key.empty()) {
    return BadCredential("status", "neither token nor clientCertificateData");
  }
  const std::string expiration = TextOf(*status, "expirationTimestamp");
  std::string error;
  if (!expiration.empty() &&
      !absl::ParseTime(absl::RFC3339_full, expiration, &credential.expiration, &error)) {
    return BadCredential("status.expirationTimestamp", "is no time");
  }
  return credential;
}

std::string ExecInfo(const ExecPlugin& plugin, const ServerConfig& config) {
  nlohmann::json info = {{"apiVersion", plugin.api_version},
                         {"kind", "ExecCredential"},
                         {"spec", {{"interactive", false}}}};
  if (!plugin.provide_cluster_info) return info.dump();
  nlohmann::json cluster = {{"server", config.server}};
  if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
  if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
  if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
  if (!config.certificate_authority.empty()) {
    cluster["certificate-authority-data"] = AuthorityData(config.certificate_authority);
  }
  info["spec"]["cluster"] = cluster;
  return info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<ExecCredential> RunExecPlugin(const ServerConfig& config, absl::Duration timeout) {
  const ExecPlugin& plugin = *config.exec;
  std::vector<std::string> command = {plugin.command};
  command.insert(command.end(), plugin.args.begin(), plugin.args.end());
  const absl::StatusOr<std::string> text =
      ChildOutput(command, EnvironmentOf(plugin, config), timeout);
  if (!text.ok()) return Named(plugin, text.status());
  absl::StatusOr<ExecCredential> credential = ParseExecCredential(*text, plugin.api_version);
  if (!credential.ok()) return Named(plugin, credential.status());
  return credential;
}

}  // namespace pointsman::kube
