#include "host/apiserver/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/apiserver/read_file.h"

namespace pointsman::kube {
namespace {

constexpr size_t kSecretsRemembered = 8;

// Credentials that expire in less are as good as expired: a request takes time, and clocks differ.
constexpr absl::Duration kExpiryMargin = absl::Seconds(10);

absl::StatusOr<std::string> ReadPem(const PemSource& source) {
  if (!source.data.empty() || source.file.empty()) return source.data;
  std::optional<std::string> text = ReadFile(source.file);
  if (!text) {
    return absl::NotFoundError(
        fmt::format("{}: {} cannot be read", source.field, source.file.string()));
  }
  if (text->find("-----BEGIN") == std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} holds no PEM text", source.field, source.file.string()));
  }
  return *std::move(text);
}

std::string WithoutSpaceAround(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

void ReplaceAll(std::string& text, const std::string& what) {
  constexpr std::string_view kInstead = "[secret]";
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), kInstead);
    at += kInstead.size();
  }
}

}  // namespace

absl::StatusOr<Credentials> CredentialSource::Get(absl::Time now) {
  Credentials credentials;
  credentials.username = config_.username;
  credentials.password = config_.password;
  const std::pair<const PemSource*, std::string*> pems[] = {
      {&config_.certificate_authority, &credentials.certificate_authority},
      {&config_.client_certificate, &credentials.client_certificate},
      {&config_.client_key, &credentials.client_key}};
  for (const auto& [source, target] : pems) {
    absl::StatusOr<std::string> pem = ReadPem(*source);
    if (!pem.ok()) return pem.status();
    *target = *std::move(pem);
  }
  absl::StatusOr<std::string> token = Token();
  if (!token.ok()) return token.status();
  credentials.token = *std::move(token);
  if (config_.exec) {
    if (absl::Status status = AddExec(now, credentials); !status.ok()) return status;
  }
  if (std::ranges::any_of(credentials.token, [](char c) { return c <= ' ' || c > '~'; })) {
    return absl::InvalidArgumentError(
        fmt::format("{}: the token holds characters that no token has", config_.name));
  }
  Remember(credentials.token);
  Remember(credentials.password);
  return credentials;
}

absl::StatusOr<std::string> CredentialSource::Token() {
  if (config_.token_file.empty()) return config_.token;
  const std::optional<std::string> text = ReadFile(config_.token_file);
  if (text) last_token_ = WithoutSpaceAround(*text);
  if (!last_token_.empty()) return last_token_;
  return absl::NotFoundError(fmt::format("{}: token file {} {}", config_.name,
                                         config_.token_file.string(),
                                         text ? "is empty" : "cannot be read"));
}

absl::Status CredentialSource::AddExec(absl::Time now, Credentials& credentials) {
  if (!exec_ || now + kExpiryMargin >= exec_->expiration) {
    absl::StatusOr<ExecCredential> credential = RunExecPlugin(config_, kExecTimeout);
    if (!credential.ok()) return credential.status();
    exec_ = *std::move(credential);
  }
  if (!exec_->token.empty()) credentials.token = exec_->token;
  if (exec_->client_key.empty()) return absl::OkStatus();
  credentials.client_certificate = exec_->client_certificate;
  credentials.client_key = exec_->client_key;
  return absl::OkStatus();
}

void CredentialSource::Remember(const std::string& secret) {
  if (secret.empty() || std::ranges::find(secrets_, secret) != secrets_.end()) return;
  if (secrets_.size() == kSecretsRemembered) secrets_.erase(secrets_.begin());
  secrets_.push_back(secret);
}

std::string CredentialSource::Redacted(std::string text) const {
  for (const std::string& secret : secrets_) ReplaceAll(text, secret);
  // What stands before the @ of a proxy's URL.
  const size_t begin = config_.proxy_url.find("://");
  const size_t end = config_.proxy_url.rfind('@');
  if (begin < end && end != std::string::npos) {
    ReplaceAll(text, config_.proxy_url.substr(begin + 3, end - begin - 3));
  }
  return text;
}

}  // namespace pointsman::kube
