#include "host/apiserver/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

std::string Base64(const std::string& text) {
  std::string out;
  absl::Base64Escape(text, &out);
  return out;
}

std::string Config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
         "contexts:\n"
         "- {name: test, context: {cluster: c2, user: u2}}\n"
         "- {name: prod, context: {cluster: c1, user: u1, namespace: x}}\n"
         "clusters:\n"
         "- {name: c2, cluster: {server: 'https://other:6443/'}}\n"
         "- {name: c1, cluster: {" +
         cluster +
         "}}\n"
         "users:\n"
         "- {name: u2, user: {token: t2}}\n"
         "- {name: u1, user: {" +
         user + "}}\n";
}

constexpr char kServer[] = "server: 'https://10.0.0.1:6443'";

ServerConfig Parse(const std::string& text, const std::string& context = "") {
  auto config = ParseKubeconfig(text, "/etc/k/config", context);
  EXPECT_TRUE(config.ok()) << config.status() << "\n" << text;
  return config.ok() ? *std::move(config) : ServerConfig();
}

std::string ErrorOf(const std::string& text, const std::string& context = "") {
  const auto config = ParseKubeconfig(text, "/etc/k/config", context);
  return config.ok() ? "no error" : std::string(config.status().message());
}

TEST(KubeconfigTest, TakesTheCurrentContextOrTheOneAskedFor) {
  const std::string text = Config(kServer, "token: t1");
  EXPECT_EQ(Parse(text).server, "https://10.0.0.1:6443");
  EXPECT_EQ(Parse(text).token, "t1");
  EXPECT_EQ(Parse(text).name, "/etc/k/config: cluster c1 (https://10.0.0.1:6443)");
  EXPECT_EQ(Parse(text, "test").server, "https://other:6443");
  EXPECT_EQ(Parse(text, "test").token, "t2");
}

TEST(KubeconfigTest, TakesTheCluster) {
  const ServerConfig config =
      Parse(Config(std::string(kServer) + ", tls-server-name: api, proxy-url: 'http://p:1'"
                                          ", certificate-authority: ca.crt",
                   ""));
  EXPECT_EQ(config.tls_server_name, "api");
  EXPECT_EQ(config.proxy_url, "http://p:1");
  EXPECT_EQ(config.certificate_authority.file, "/etc/k/ca.crt");
  EXPECT_FALSE(config.insecure_skip_tls_verify);
  EXPECT_TRUE(Parse(Config(std::string(kServer) + ", insecure-skip-tls-verify: true", ""))
                  .insecure_skip_tls_verify);
}

TEST(KubeconfigTest, DataCountsMoreThanAFile) {
  const ServerConfig config =
      Parse(Config(std::string(kServer) +
                       ", certificate-authority: /x, "
                       "certificate-authority-data: " +
                       Base64(kPem),
                   "client-certificate: a.crt, client-key-data: " + Base64(kPem)));
  EXPECT_EQ(config.certificate_authority.data, kPem);
  EXPECT_EQ(config.client_certificate.file, "/etc/k/a.crt");
  EXPECT_EQ(config.client_key.data, kPem);
}

TEST(KubeconfigTest, TakesTheUser) {
  const ServerConfig config = Parse(Config(kServer, "tokenFile: t, username: me, password: pw"));
  EXPECT_EQ(config.token_file, "/etc/k/t");
  EXPECT_EQ(config.username, "me");
  EXPECT_EQ(config.password, "pw");
}

TEST(KubeconfigTest, TakesAPlugin) {
  const ServerConfig config =
      Parse(Config(kServer,
                   "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, "
                   "args: [a, b], env: [{name: N, value: v}], provideClusterInfo: true, "
                   "interactiveMode: Never, installHint: get it}"));
  ASSERT_TRUE(config.exec.has_value());
  EXPECT_EQ(config.exec->command, "/etc/k/./login");
  EXPECT_THAT(config.exec->args, ElementsAre("a", "b"));
  EXPECT_THAT(config.exec->env, ElementsAre(std::pair("N", "v")));
  EXPECT_TRUE(config.exec->provide_cluster_info);
  EXPECT_EQ(Parse(Config(kServer,
                         "exec: {apiVersion: client.authentication.k8s.io/v1beta1, "
                         "command: login}"))
                .exec->command,
            "login")
      << "found in PATH";
}

TEST(KubeconfigTest, ReadsJsonToo) {
  EXPECT_EQ(Parse(R"({"current-context":"a","contexts":[{"name":"a","context":{"cluster":"c"}}],
                      "clusters":[{"name":"c","cluster":{"server":"http://localhost:8001"}}]})")
                .server,
            "http://localhost:8001");
}

struct Fault {
  std::string text;
  std::string error;
};

TEST(KubeconfigTest, NamesFileObjectAndFieldOfAFault) {
  const std::string exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: x";
  const std::string server = kServer;
  const Fault faults[] = {
      {"", "a map is expected, here is nothing"},
      {"kind: Config", "current-context: missing"},
      {"[", "/etc/k/config: line 1"},
      {"- a", "a map is expected, here is a list"},
      {"kind: Pod", "kind: is not Config"},
      {"current-context: x", "there is no context called 'x' in contexts"},
      {"current-context: x\ncontexts: y", "contexts: a list is expected, here is text"},
      {"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]",
       "context x: cluster: there is no cluster called 'c'"},
      {"current-context: x\ncontexts: [{name: x}]", "contexts[0]: context: missing"},
      {Config("", ""), "cluster c1: server: missing"},
      {Config("server: '10.0.0.1'", ""), "cluster c1: server: missing, or no URL"},
      {Config("server: 'https://me:pw@host'", ""), "cluster c1: server: a user in the URL"},
      {Config("server: [1]", ""), "cluster c1: server: text is expected, here is a list"},
      {Config(server + ", proxy-url: host", ""), "cluster c1: proxy-url: no URL"},
      {Config(server + ", insecure-skip-tls-verify: 'yes'", ""),
       "insecure-skip-tls-verify: true or false is expected, here is text"},
      {Config(server + ", insecure-skip-tls-verify: true, certificate-authority: x", ""),
       "insecure-skip-tls-verify: is true, but"},
      {Config(server + ", certificate-authority-data: '%%'", ""),
       "cluster c1: certificate-authority-data: not PEM text in base64"},
      {Config(server, "client-key-data: " + Base64("no PEM")),
       "user u1: client-key-data: not PEM text in base64"},
      {Config(server, "client-certificate: x"), "user u1: client-key: missing"},
      {Config(server, "client-key: x"), "user u1: client-certificate: missing"},
      {Config(server, "auth-provider: {name: gcp}"), "user u1: auth-provider: is not supported"},
      {Config(server, "as: root"), "user u1: as: is not supported"},
      {Config(server, "exec: {apiVersion: v1, command: x}"),
       "user u1: exec: apiVersion: is none of"},
      {Config(server, "exec: {apiVersion: client.authentication.k8s.io/v1}"),
       "user u1: exec: command: missing"},
      {Config(server, exec + ", interactiveMode: Always}"), "exec: interactiveMode: is Always"},
      {Config(server, exec + ", args: [1]}"), "exec: args[0]: text is expected, here is a number"},
  };
  for (const Fault& fault : faults) {
    EXPECT_THAT(ErrorOf(fault.text), AllOf(HasSubstr(fault.error), HasSubstr("/etc/k/config")))
        << fault.text;
  }
  EXPECT_THAT(ErrorOf(Config(kServer, "token: t"), "nix"), HasSubstr("no context called 'nix'"));
  EXPECT_THAT(ErrorOf(Config("server: x", "")), HasSubstr("/etc/k/config:9: "));
}

TEST(KubeconfigTest, NeverSaysWhatASecretIs) {
  const std::string secret = "918273645";
  for (const std::string& user :
       {"token: " + secret, "password: " + secret, "client-key-data: '" + secret + "'",
        "token: [" + secret + "]", "token: {" + secret + ": x}"}) {
    const std::string error = ErrorOf(Config(kServer, user));
    EXPECT_THAT(error, AllOf(HasSubstr("user u1"), Not(HasSubstr(secret))));
  }
}

TEST(KubeconfigTest, NamesAFileThatCannotBeRead) {
  const auto config = OpenKubeconfig("/nowhere/config", "");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/nowhere/config"));
  const TempFolder folder;
  folder.Write("config", Config(kServer, "token: t"));
  EXPECT_TRUE(OpenKubeconfig(folder.path() / "config", "").ok());
  EXPECT_FALSE(OpenKubeconfig(folder.path(), "").ok());
}

}  // namespace
}  // namespace pointsman::kube
