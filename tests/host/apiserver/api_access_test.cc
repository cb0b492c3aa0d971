// Against a test API server: who may talk to whom, and what is said where that fails.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "host/apiserver/read_file.h"
#include "tests/host/apiserver/api_fixture.h"
#include "tests/support/connect_proxy.h"

namespace pointsman::kube {
namespace {

using test::ApiServerOptions;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class ApiAccessTest : public ApiFixture {
 protected:
  static ApiServerOptions WithToken(const std::string& token) {
    ApiServerOptions options = Tls();
    options.token = token;
    return options;
  }
  static ApiServerOptions WithClientCertificates() {
    ApiServerOptions options = Tls();
    options.client_authority = certificates().Certificate("ca");
    return options;
  }
  void ShowCertificate(const std::string& name) {
    config_.client_certificate = {
        .data = "", .file = certificates().Certificate(name), .field = "client-certificate"};
    config_.client_key = {.data = "", .file = certificates().Key(name), .field = "client-key"};
  }

  const TempFolder folder_;
};

TEST_F(ApiAccessTest, EveryErrorNamesServerVerbAndResource) {
  StartServer(WithToken("right"));
  config_.token = "wrong-token";
  Watch();
  ExpectError("cluster test (https://127.0.0.1:");
  ExpectError("watch endpointslices.discovery.k8s.io: HTTP 401 Unauthorized");
  EXPECT_THAT(errors_, Each(Not(HasSubstr("wrong-token")))) << "the server had it in its answer";
  EXPECT_FALSE(watcher_->synced());
}

TEST_F(ApiAccessTest, ATokenFileIsReadAgain) {
  StartServer(WithToken("right"));
  folder_.Write("token", "wrong\n");
  config_.token_file = folder_.path() / "token";
  Watch();
  ExpectError("401");
  folder_.Write("token", "right\n");
  ExpectSameAsServer();
}

TEST_F(ApiAccessTest, APluginIsAskedAgainAfterARefusal) {
  StartServer(WithToken("right"));
  const std::string token = (folder_.path() / "token").string();
  folder_.Write("token", "wrong");
  folder_.Write("login",
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\",\"status\":{"
                "\"token\":\"'$(cat " +
                    token + ")'\"}}'\n");
  ExecPlugin plugin;
  plugin.api_version = "v";
  plugin.command = "sh";
  plugin.args = {(folder_.path() / "login").string()};
  config_.exec = plugin;
  Watch();
  ExpectError("401");
  folder_.Write("token", "right");
  ExpectSameAsServer();
}

TEST_F(ApiAccessTest, AClientShowsItsCertificate) {
  StartServer(WithClientCertificates());
  ShowCertificate("client");
  Watch();
  ExpectSameAsServer();
}

// The server's alert comes with the end of the connection, and is not always read.
TEST_F(ApiAccessTest, AClientWithoutAGoodCertificateIsRefused) {
  StartServer(WithClientCertificates());
  Watch();
  ExpectError("the server may want a client-certificate; none is given");
  EXPECT_FALSE(watcher_->synced());
  ShowCertificate("expired-client");
  errors_.clear();
  Watch();
  ExpectError("the server may refuse client-certificate");
  EXPECT_FALSE(watcher_->synced());
}

TEST_F(ApiAccessTest, AServerOfAnotherAuthorityIsNotTrusted) {
  StartServer(Tls());
  config_.certificate_authority.file = certificates().Certificate("other-ca");
  config_.token = "secret-token";
  Watch();
  ExpectError("trusted is certificate-authority");
  EXPECT_EQ(RequestsWith(""), 0u) << "a request, and with it a token, went to a stranger";
}

TEST_F(ApiAccessTest, AServerWhoseCertificateHasExpiredIsNotTrusted) {
  ApiServerOptions options = Tls();
  options.certificate = certificates().Certificate("expired-server");
  options.key = certificates().Key("expired-server");
  StartServer(options);
  Watch();
  ExpectError("certificate has expired");
  EXPECT_EQ(RequestsWith(""), 0u);
}

TEST_F(ApiAccessTest, AServerMustHaveTheNameThatIsExpected) {
  StartServer(Tls());
  config_.tls_server_name = "api.test";
  Watch();
  ExpectSameAsServer();
  config_.tls_server_name = "evil.test";
  Watch();
  ExpectError("the name is tls-server-name");
}

TEST_F(ApiAccessTest, VerificationCanBeSwitchedOff) {
  StartServer(Tls());
  config_.certificate_authority = {};
  config_.insecure_skip_tls_verify = true;
  Watch();
  ExpectSameAsServer();
}

TEST_F(ApiAccessTest, AnAuthorityMayBeDataAndRotten) {
  StartServer(Tls());
  config_.certificate_authority.data = "-----BEGIN CERTIFICATE-----\nno\n";
  Watch();
  ExpectError("watch services");
  EXPECT_FALSE(watcher_->synced());
}

TEST_F(ApiAccessTest, PlainHttpWorksBehindAProxyOfKubectl) {
  StartServer({});
  config_.certificate_authority = {};
  Watch();
  ExpectSameAsServer();
}

TEST_F(ApiAccessTest, NobodyListens) {
  StartServer(Tls());
  server_->Stop();
  Watch();
  ExpectError("Failed to connect to 127.0.0.1");
  PollFor(absl::Milliseconds(500));
  EXPECT_LE(errors_.size(), 30u) << "a busy loop";
}

TEST_F(ApiAccessTest, AProxyIsUsedAndItsPasswordIsNotTold) {
  StartServer(Tls());
  server_->Stop();
  config_.proxy_url = "http://me:hush@127.0.0.1:" + std::to_string(server_->port());
  config_.server = "https://api.invalid:6443";
  Watch();
  ExpectError("Failed to connect to 127.0.0.1");
  EXPECT_THAT(errors_, Each(Not(HasSubstr("hush"))));
}

TEST_F(ApiAccessTest, AProxyLeadsToTheServer) {
  StartServer(Tls());
  const test::ConnectProxy proxy(server_->port());
  config_.proxy_url = fmt::format("http://me:pw@127.0.0.1:{}", proxy.port());
  config_.server = "https://api.test:6443";
  Watch();
  ExpectSameAsServer();
  const std::string request = proxy.Requests().at(0);
  EXPECT_THAT(request, HasSubstr("CONNECT api.test:6443"));
  EXPECT_THAT(request, HasSubstr("Proxy-Authorization: Basic"));
}

// nginx speaks HTTP/2, and passes on to the test server, which does not.
TEST_F(ApiAccessTest, SpeaksHttp2OverOneConnection) {
  if (std::system("command -v nginx >/dev/null") != 0) GTEST_SKIP() << "nginx is not there";
  StartServer({});
  const uint16_t port = test::ConnectProxy(0).port();  // free again, and nobody else's so soon
  folder_.Write(
      "nginx.conf",
      fmt::format(
          "daemon on;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n"
          "log_format short '$server_protocol $connection';\naccess_log access.log short;\n"
          "server {{ listen 127.0.0.1:{} ssl http2; ssl_certificate {}; "
          "ssl_certificate_key {};\n"
          "location / {{ proxy_pass {}; proxy_http_version 1.1; proxy_buffering off; }} }} }}\n",
          port, certificates().Certificate("server").string(),
          certificates().Key("server").string(), server_->url()));
  const std::string nginx =
      fmt::format("nginx -p {0} -c {0}/nginx.conf -e {0}/error.log ", folder_.path().string());
  ASSERT_EQ(std::system(nginx.c_str()), 0);
  config_.server = fmt::format("https://127.0.0.1:{}", port);
  Watch();
  ExpectSameAsServer();
  PutService(store_, "web", 443);
  ExpectSameAsServer();
  watcher_.reset();
  EXPECT_EQ(std::system((nginx + "-s stop").c_str()), 0);
  const std::string log = ReadFile(folder_.path() / "access.log").value_or("");
  // Services, EndpointSlices, Nodes, and ServiceCIDRs in versions that there may be.
  const auto requests = std::ranges::count(log, '\n');
  EXPECT_GE(requests, 4) << log;
  const std::string first = log.substr(0, log.find('\n') + 1);
  EXPECT_THAT(first, HasSubstr("HTTP/2.0"));
  std::string all_by_one;
  for (int i = 0; i < requests; ++i) all_by_one += first;
  EXPECT_EQ(log, all_by_one);
}

// A listener that answers every connection with the same bytes and closes it.
class RudeServer {
 public:
  explicit RudeServer(std::string answer) : answer_(std::move(answer)) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, name, size) != 0 || listen(socket_, 16) != 0 ||
        getsockname(socket_, name, &size) != 0) {
      ADD_FAILURE() << "cannot listen";
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~RudeServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  int port() const { return port_; }

 private:
  void Serve() {
    for (int peer; (peer = accept(socket_, nullptr, nullptr)) >= 0; close(peer)) {
      char request[4096];
      if (read(peer, request, sizeof(request)) <= 0) continue;
      if (write(peer, answer_.data(), answer_.size()) < 0) continue;
    }
  }

  const std::string answer_;
  int socket_ = -1;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(ApiAccessTest, AServerThatIsNone) {
  const std::pair<std::string, std::string> servers[] = {
      {"SSH-2.0-OpenSSH\r\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "the last event is cut off"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n<html>\n", "the answer is not JSON"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "is this an API server?"},
      {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
       "HTTP 302"},
  };
  for (const auto& [answer, error] : servers) {
    const RudeServer server(answer);
    config_.server = fmt::format("http://127.0.0.1:{}", server.port());
    errors_.clear();
    Watch();
    ExpectError(error);
    EXPECT_FALSE(watcher_->synced());
    EXPECT_LE(errors_.size(), 30u) << "a busy loop";
    watcher_.reset();
  }
}

}  // namespace
}  // namespace pointsman::kube
