#include "host/apiserver/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\n";

class CredentialsTest : public testing::Test {
 protected:
  // A plugin that counts how often it ran: token-1, token-2, ...
  void UsePlugin(const std::string& more_status) {
    folder_.Write("login", "echo x >>" + (folder_.path() / "runs").string() +
                               "\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\","
                               "\"status\":{\"token\":\"token-'$(wc -l <" +
                               (folder_.path() / "runs").string() + ")'\"" + more_status + "}}'\n");
    ExecPlugin plugin;
    plugin.api_version = "v";
    plugin.command = "sh";
    plugin.args = {(folder_.path() / "login").string()};
    config_.exec = plugin;
  }
  static std::string ErrorOf(CredentialSource& source) {
    const auto credentials = source.Get(absl::Now());
    return credentials.ok() ? "no error" : std::string(credentials.status().message());
  }

  const TempFolder folder_;
  ServerConfig config_;
};

TEST_F(CredentialsTest, FilesAreReadAnew) {
  folder_.Write("token", "first\n");
  folder_.Write("ca", std::string(kPem) + "1");
  config_.token = "not this one";
  config_.token_file = folder_.path() / "token";
  config_.certificate_authority.file = folder_.path() / "ca";
  CredentialSource source(config_);
  EXPECT_EQ(source.Get(absl::Now())->token, "first");
  folder_.Write("token", "second");
  folder_.Write("ca", std::string(kPem) + "2");
  EXPECT_EQ(source.Get(absl::Now())->token, "second");
  EXPECT_EQ(source.Get(absl::Now())->certificate_authority, std::string(kPem) + "2");
  folder_.Remove("token");
  EXPECT_EQ(source.Get(absl::Now())->token, "second") << "the last one read goes on";
}

TEST_F(CredentialsTest, DataCountsMoreThanAFile) {
  config_.client_key = {.data = kPem, .file = folder_.path() / "key", .field = ""};
  CredentialSource source(config_);
  EXPECT_EQ(source.Get(absl::Now())->client_key, kPem);
}

TEST_F(CredentialsTest, NamesFileAndFieldThatCannotBeRead) {
  config_.client_key = {.data = "", .file = folder_.path() / "key", .field = "user u: client-key"};
  CredentialSource source(config_);
  EXPECT_THAT(ErrorOf(source), AllOf(HasSubstr("user u: client-key"), HasSubstr("/key cannot")));
  folder_.Write("key", "secret");
  EXPECT_THAT(ErrorOf(source), AllOf(HasSubstr("holds no PEM text"), Not(HasSubstr("secret"))));
  ServerConfig without_token;
  without_token.token_file = folder_.path() / "token";
  CredentialSource other(without_token);
  EXPECT_THAT(ErrorOf(other), HasSubstr("token cannot be read"));
}

TEST_F(CredentialsTest, ATokenCannotBringHeadersWithIt) {
  config_.token = "secret\r\nX-Evil: 1";
  CredentialSource source(config_);
  EXPECT_THAT(ErrorOf(source), AllOf(HasSubstr("token"), Not(HasSubstr("secret"))));
}

TEST_F(CredentialsTest, APluginIsAskedAgainWhenItsCredentialExpires) {
  UsePlugin(",\"expirationTimestamp\":\"2026-01-31T12:00:00Z\"");
  CredentialSource source(config_);
  absl::Time expiry;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-01-31T12:00:00Z", &expiry, &error));
  EXPECT_EQ(source.Get(expiry - absl::Hours(1))->token, "token-1");
  EXPECT_EQ(source.Get(expiry - absl::Minutes(1))->token, "token-1");
  EXPECT_EQ(source.Get(expiry - absl::Seconds(1))->token, "token-2");
}

TEST_F(CredentialsTest, APluginIsAskedAgainWhenTheServerRefuses) {
  UsePlugin("");
  CredentialSource source(config_);
  EXPECT_EQ(source.Get(absl::Now())->token, "token-1");
  EXPECT_EQ(source.Get(absl::Now())->token, "token-1");
  source.Refused();
  EXPECT_EQ(source.Get(absl::Now())->token, "token-2");
}

TEST_F(CredentialsTest, SecretsAreTakenOutOfMessages) {
  config_.token = "abc123";
  config_.password = "pw99";
  config_.proxy_url = "http://me:hush@proxy:1";
  CredentialSource source(config_);
  ASSERT_TRUE(source.Get(absl::Now()).ok());
  EXPECT_EQ(source.Redacted("a abc123 b abc123 pw99 via http://me:hush@proxy:1"),
            "a [secret] b [secret] [secret] via http://[secret]@proxy:1");
}

}  // namespace
}  // namespace pointsman::kube
