#include "host/apiserver/kubeconfig.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/escaping.h"
#include "host/apiserver/read_file.h"
#include "host/kube/problem.h"
#include "host/kube/value.h"
#include "host/kube/yaml_text.h"

namespace pointsman::kube {
namespace {

constexpr std::array kExecApiVersions = {"client.authentication.k8s.io/v1",
                                         "client.authentication.k8s.io/v1beta1"};

// One cluster, user or context of the file. Unlike Field of host/kube it never says what a value
// is, only where. The first thing that is wrong is kept.
class Entry {
 public:
  Entry(const std::filesystem::path& file, std::string label, const Value* value,
        absl::Status& status)
      : file_(file), label_(std::move(label)), value_(value), status_(status) {}

  // Absent, null and empty are the same.
  std::string Text(std::string_view name) const {
    const Value* value = Find(name);
    if (value == nullptr) return "";
    if (value->type == ValueType::kString) return value->text;
    Fail(name,
         fmt::format("text is expected, here is {}; put it in quotes", Describe(value->type)));
    return "";
  }

  bool Bool(std::string_view name) const {
    const Value* value = Find(name);
    if (value == nullptr) return false;
    if (value->type != ValueType::kBool) {
      Fail(name, fmt::format("true or false is expected, here is {}", Describe(value->type)));
    }
    return value->text == "true";
  }

  std::filesystem::path Path(std::string_view name) const {
    const std::string text = Text(name);
    return text.empty() ? std::filesystem::path() : file_.parent_path() / text;
  }

  // NAME-data in base64, or the file that NAME names; the first counts more.
  PemSource Pem(const std::string& name) const {
    PemSource pem{.data = "", .file = Path(name), .field = Where(name)};
    const std::string encoded = Text(name + "-data");
    if (encoded.empty()) return pem;
    pem.field = Where(name + "-data");
    if (!absl::Base64Unescape(encoded, &pem.data) || pem.data.find("-----BEGIN") == pem.data.npos) {
      Fail(name + "-data", "not PEM text in base64");
    }
    return pem;
  }

  // The entries of a list; none: absent.
  std::vector<Entry> List(std::string_view name) const {
    std::vector<Entry> entries;
    const Value* value = Find(name);
    if (value == nullptr) return entries;
    if (value->type != ValueType::kList) {
      Fail(name, fmt::format("a list is expected, here is {}", Describe(value->type)));
    }
    for (const Value& item : value->items) {
      const std::string label = fmt::format("{}{}[{}]", Prefix(), name, entries.size());
      entries.emplace_back(file_, label, &item, status_);
    }
    return entries;
  }

  std::vector<std::string> Texts(std::string_view name) const {
    std::vector<std::string> texts;
    for (const Entry& item : List(name)) {
      if (item.value_->type != ValueType::kString) {
        item.Fail("", fmt::format("text is expected, here is {}", Describe(item.value_->type)));
      }
      texts.push_back(item.value_->text);
    }
    return texts;
  }

  std::optional<Entry> Map(std::string_view name) const {
    const Value* value = Find(name);
    if (value == nullptr) return std::nullopt;
    return Entry(file_, Prefix() + std::string(name), value, status_);
  }

  Entry Named(std::string label) const { return Entry(file_, std::move(label), value_, status_); }

  void Fail(std::string_view name, std::string_view message) const {
    if (!status_.ok()) return;
    const Value* value = name.empty() ? value_ : Find(name);
    const int line = value != nullptr ? value->line : value_ != nullptr ? value_->line : 0;
    status_ = absl::InvalidArgumentError(
        Problem{{file_.string(), line}, label_, std::string(name), std::string(message)}
            .ToString());
  }

  std::string Where(std::string_view name) const {
    return fmt::format("{}: {}: {}", file_.string(), label_, name);
  }

 private:
  std::string Prefix() const { return label_.empty() ? "" : label_ + ": "; }

  const Value* Find(std::string_view name) const {
    if (value_ == nullptr) return nullptr;
    if (value_->type != ValueType::kMap) {
      Fail("", fmt::format("a map is expected, here is {}", Describe(value_->type)));
      return nullptr;
    }
    const Value* member = value_->Find(name);
    return member == nullptr || member->type == ValueType::kNull ? nullptr : member;
  }

  std::filesystem::path file_;
  std::string label_;
  const Value* value_;
  absl::Status& status_;
};

// The `kind` ("cluster") that is called `name`, of the list ("clusters") that holds such.
std::optional<Entry> FindNamed(const Entry& root, const std::string& kind, const std::string& name,
                               const Entry& asking) {
  for (const Entry& entry : root.List(kind + "s")) {
    if (entry.Text("name") != name) continue;
    if (const auto found = entry.Map(kind)) return found->Named(fmt::format("{} {}", kind, name));
    entry.Fail(kind, "missing");
    return std::nullopt;
  }
  asking.Fail(kind, fmt::format("there is no {} called '{}' in {}s", kind, name, kind));
  return std::nullopt;
}

void TakeCluster(const Entry& cluster, ServerConfig& config) {
  config.server = cluster.Text("server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://")) {
    cluster.Fail("server", "missing, or no URL that begins with https:// or http://");
  }
  if (config.server.find('@') != std::string::npos) {
    cluster.Fail("server", "a user in the URL is not supported; name it under users");
  }
  config.tls_server_name = cluster.Text("tls-server-name");
  config.insecure_skip_tls_verify = cluster.Bool("insecure-skip-tls-verify");
  config.certificate_authority = cluster.Pem("certificate-authority");
  if (config.insecure_skip_tls_verify && !config.certificate_authority.empty()) {
    cluster.Fail("insecure-skip-tls-verify",
                 "is true, but certificate-authority is there; leave out one of the two");
  }
  config.proxy_url = cluster.Text("proxy-url");
  if (!config.proxy_url.empty() && config.proxy_url.find("://") == std::string::npos) {
    cluster.Fail("proxy-url", "no URL (http://, https:// or socks5://)");
  }
}

ExecPlugin TakeExec(const Entry& exec, const std::filesystem::path& folder) {
  ExecPlugin plugin;
  plugin.api_version = exec.Text("apiVersion");
  if (std::ranges::find(kExecApiVersions, plugin.api_version) == kExecApiVersions.end()) {
    exec.Fail("apiVersion", fmt::format("is none of {}", fmt::join(kExecApiVersions, ", ")));
  }
  plugin.command = exec.Text("command");
  if (plugin.command.empty()) exec.Fail("command", "missing");
  const bool is_relative_path = plugin.command.find('/') != std::string::npos;
  if (is_relative_path) plugin.command = (folder / plugin.command).string();
  plugin.args = exec.Texts("args");
  for (const Entry& variable : exec.List("env")) {
    plugin.env.emplace_back(variable.Text("name"), variable.Text("value"));
  }
  plugin.install_hint = exec.Text("installHint");
  plugin.provide_cluster_info = exec.Bool("provideClusterInfo");
  if (exec.Text("interactiveMode") == "Always") {
    exec.Fail("interactiveMode", "is Always, but there is nobody to ask here");
  }
  plugin.field = exec.Where("command");
  return plugin;
}

void TakeUser(const Entry& user, const std::filesystem::path& folder, ServerConfig& config) {
  config.client_certificate = user.Pem("client-certificate");
  config.client_key = user.Pem("client-key");
  if (config.client_certificate.empty() != config.client_key.empty()) {
    user.Fail(config.client_key.empty() ? "client-key" : "client-certificate",
              "missing; certificate and key go together");
  }
  config.token = user.Text("token");
  config.token_file = user.Path("tokenFile");
  config.username = user.Text("username");
  config.password = user.Text("password");
  if (const auto exec = user.Map("exec")) config.exec = TakeExec(*exec, folder);
  for (const char* unsupported : {"auth-provider", "as", "as-uid", "as-groups", "as-user-extra"}) {
    if (user.Map(unsupported)) user.Fail(unsupported, "is not supported");
  }
}

ServerConfig Take(const Entry& root, const std::filesystem::path& file, std::string context_name) {
  ServerConfig config;
  const std::string kind = root.Text("kind");
  if (!kind.empty() && kind != "Config") root.Fail("kind", "is not Config: this is no kubeconfig");
  if (context_name.empty()) context_name = root.Text("current-context");
  if (context_name.empty()) root.Fail("current-context", "missing, and no context was asked for");
  const auto context = FindNamed(root, "context", context_name, root);
  if (!context) return config;
  const std::string cluster_name = context->Text("cluster");
  const auto cluster = FindNamed(root, "cluster", cluster_name, *context);
  if (!cluster) return config;
  TakeCluster(*cluster, config);
  config.name = fmt::format("{}: cluster {} ({})", file.string(), cluster_name, config.server);
  // A cluster that asks nobody who they are needs no user.
  const std::string user_name = context->Text("user");
  if (user_name.empty()) return config;
  if (const auto user = FindNamed(root, "user", user_name, *context)) {
    TakeUser(*user, file.parent_path(), config);
  }
  return config;
}

}  // namespace

absl::StatusOr<ServerConfig> ParseKubeconfig(std::string_view text,
                                             const std::filesystem::path& file,
                                             const std::string& context) {
  std::vector<Value> documents;
  const absl::Status read =
      ParseYaml(text, [&](Value document) { documents.push_back(std::move(document)); });
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}", file.string(), std::string(read.message())));
  }
  absl::Status status;
  const Value nothing;
  const Entry root(file, "", documents.empty() ? &nothing : &documents[0], status);
  ServerConfig config = Take(root, file, context);
  if (!status.ok()) return status;
  return config;
}

absl::StatusOr<ServerConfig> OpenKubeconfig(const std::filesystem::path& file,
                                            const std::string& context) {
  const std::optional<std::string> text = ReadFile(file);
  if (!text) {
    return absl::NotFoundError(fmt::format("{}: cannot be read (--kubeconfig)", file.string()));
  }
  return ParseKubeconfig(*text, file, context);
}

}  // namespace pointsman::kube
