#include "host/apiserver/exec_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kV1[] = "client.authentication.k8s.io/v1";

std::string Credential(const std::string& status) {
  return std::string(R"({"kind":"ExecCredential","apiVersion":")") + kV1 + R"(","status":{)" +
         status + "}}";
}

std::string ErrorOf(const std::string& text) {
  const auto credential = ParseExecCredential(text, kV1);
  return credential.ok() ? "no error" : std::string(credential.status().message());
}

TEST(ExecPluginTest, ReadsACredential) {
  const auto token = ParseExecCredential(
      Credential(R"("token":"t","expirationTimestamp":"2026-01-31T12:00:00Z")"), kV1);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->token, "t");
  EXPECT_EQ(absl::FormatTime(token->expiration, absl::UTCTimeZone()), "2026-01-31T12:00:00+00:00");
  const auto certificate =
      ParseExecCredential(Credential(R"("clientCertificateData":"c","clientKeyData":"k")"), kV1);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_EQ(certificate->client_certificate, "c");
  EXPECT_EQ(certificate->client_key, "k");
  EXPECT_EQ(certificate->expiration, absl::InfiniteFuture());
}

TEST(ExecPluginTest, NamesTheFieldOfAFault) {
  EXPECT_THAT(ErrorOf("secret"), AllOf(HasSubstr("not JSON"), Not(HasSubstr("secret"))));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("kind"));
  EXPECT_THAT(ErrorOf(R"({"kind":"ExecCredential","apiVersion":"v2"})"), HasSubstr("apiVersion"));
  EXPECT_THAT(ErrorOf(std::string(R"({"kind":"ExecCredential","apiVersion":")") + kV1 + "\"}"),
              HasSubstr("status: missing"));
  EXPECT_THAT(ErrorOf(Credential("")), HasSubstr("neither token nor"));
  EXPECT_THAT(ErrorOf(Credential(R"("clientKeyData":"k")")), HasSubstr("go together"));
  EXPECT_THAT(ErrorOf(Credential(R"("token":"t","expirationTimestamp":"soon")")),
              AllOf(HasSubstr("expirationTimestamp"), Not(HasSubstr("soon"))));
}

TEST(ExecPluginTest, TellsThePluginTheCluster) {
  ServerConfig config;
  config.server = "https://h:1";
  config.certificate_authority.data = "pem";
  ExecPlugin plugin;
  plugin.api_version = kV1;
  EXPECT_FALSE(nlohmann::json::parse(ExecInfo(plugin, config))["spec"].contains("cluster"));
  plugin.provide_cluster_info = true;
  const auto info = nlohmann::json::parse(ExecInfo(plugin, config));
  EXPECT_EQ(info["apiVersion"], kV1);
  EXPECT_EQ(info["spec"]["interactive"], false);
  EXPECT_EQ(info["spec"]["cluster"]["server"], "https://h:1");
  EXPECT_EQ(info["spec"]["cluster"]["certificate-authority-data"], "cGVt");
}

TEST(ExecPluginTest, RunsThePluginWithItsArgumentsAndEnvironment) {
  const TempFolder folder;
  folder.Write("login",
               "test -n \"$KUBERNETES_EXEC_INFO\" || exit 9\n"
               "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"%s\","
               "\"status\":{\"token\":\"%s-%s\"}}' client.authentication.k8s.io/v1 $1 $WHO\n");
  ServerConfig config;
  config.exec = ExecPlugin{.api_version = kV1,
                           .command = "sh",
                           .args = {(folder.path() / "login").string(), "token"},
                           .env = {{"WHO", "me"}},
                           .install_hint = "",
                           .provide_cluster_info = false,
                           .field = "user u: exec: command"};
  const auto credential = RunExecPlugin(config, absl::Seconds(20));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "token-me");
}

TEST(ExecPluginTest, NamesThePluginThatFails) {
  ServerConfig config;
  config.exec = ExecPlugin{.api_version = kV1,
                           .command = "no-such-plugin",
                           .args = {},
                           .env = {},
                           .install_hint = "install it by hand",
                           .provide_cluster_info = false,
                           .field = "config: user u: exec: command"};
  const auto credential = RunExecPlugin(config, absl::Seconds(20));
  EXPECT_THAT(std::string(credential.status().message()),
              AllOf(HasSubstr("config: user u: exec: command (no-such-plugin): it does not start"),
                    HasSubstr("install it by hand")));
}

}  // namespace
}  // namespace pointsman::kube
