#include "host/apiserver/transfer.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace pointsman::kube {
namespace {

constexpr long kKeepAliveIntervalSeconds = 5;
constexpr int kKeepAliveProbes = 3;
constexpr long kBufferBytes = 256 << 10;

curl_blob BlobOf(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
}

// What libcurl has no option for.
int SetSocketOptions(void*, curl_socket_t socket, curlsocktype) {
  const int probes = kKeepAliveProbes;
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
  const int timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(Transfer::kPeerTimeout));
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
  return CURL_SOCKOPT_OK;
}

// "host:port", "[::1]:port" of a URL.
std::string PartsOf(CURLU* url) {
  char* host = nullptr;
  char* port = nullptr;
  curl_url_get(url, CURLUPART_HOST, &host, 0);
  curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
  const std::string parts =
      fmt::format("{}:{}", host == nullptr ? "" : host, port == nullptr ? "" : port);
  curl_free(host);
  curl_free(port);
  return parts;
}

}  // namespace

Transfer::Transfer(CURLM* multi, const ServerConfig& config, const Credentials& credentials,
                   const std::string& target, bool fresh_connection, TransferCallbacks callbacks)
    : multi_(multi), config_(config), easy_(curl_easy_init()), callbacks_(std::move(callbacks)) {
  SetUp(credentials, target, fresh_connection);
  curl_multi_add_handle(multi_, easy_);
}

Transfer::~Transfer() {
  curl_multi_remove_handle(multi_, easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

void Transfer::SetUp(const Credentials& credentials, const std::string& target,
                     bool fresh_connection) {
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);  // a token is for this server only
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  // One connection for all streams, where TLS can tell that it will be HTTP/2.
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, config_.server.starts_with("https:") ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "pointsman");
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, fresh_connection ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(kConnectTimeout)));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE,
                   static_cast<long>(absl::ToInt64Seconds(kKeepAliveIdle)));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, SetSocketOptions);
  if (!config_.proxy_url.empty()) {
    curl_easy_setopt(easy_, CURLOPT_PROXY, config_.proxy_url.c_str());
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  }
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  SetTls(credentials);
  SetUrl(target);
  SetHeaders(credentials);
}

void Transfer::SetTls(const Credentials& credentials) {
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (config_.insecure_skip_tls_verify) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!credentials.certificate_authority.empty()) {
    const curl_blob blob = BlobOf(credentials.certificate_authority);
    curl_easy_setopt(easy_, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (credentials.client_key.empty()) return;
  const curl_blob certificate = BlobOf(credentials.client_certificate);
  const curl_blob key = BlobOf(credentials.client_key);
  curl_easy_setopt(easy_, CURLOPT_SSLCERT_BLOB, &certificate);
  curl_easy_setopt(easy_, CURLOPT_SSLKEY_BLOB, &key);
}

// The name to be verified is that of the URL; where it is not the host's, libcurl is told to
// connect to the host all the same.
void Transfer::SetUrl(const std::string& target) {
  if (config_.tls_server_name.empty()) {
    curl_easy_setopt(easy_, CURLOPT_URL, (config_.server + target).c_str());
    return;
  }
  CURLU* url = curl_url();
  curl_url_set(url, CURLUPART_URL, (config_.server + target).c_str(), 0);
  const std::string host = PartsOf(url);
  curl_url_set(url, CURLUPART_HOST, config_.tls_server_name.c_str(), 0);
  char* named = nullptr;
  curl_url_get(url, CURLUPART_URL, &named, 0);
  curl_easy_setopt(easy_, CURLOPT_URL, named);
  connect_to_ = curl_slist_append(nullptr, fmt::format("{}:{}", PartsOf(url), host).c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_);
  headers_ = curl_slist_append(headers_, fmt::format("Host: {}", host).c_str());
  curl_free(named);
  curl_url_cleanup(url);
}

void Transfer::SetHeaders(const Credentials& credentials) {
  headers_ = curl_slist_append(headers_, "Accept: application/json");
  if (!credentials.token.empty()) {
    headers_ = curl_slist_append(
        headers_, fmt::format("Authorization: Bearer {}", credentials.token).c_str());
  } else if (!credentials.username.empty()) {
    curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy_, CURLOPT_USERNAME, credentials.username.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, credentials.password.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

int Transfer::code() const {
  long code = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
  return static_cast<int>(code);
}

absl::Duration Transfer::retry_after() const {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
  return absl::Seconds(seconds);
}

std::string Transfer::Explain(CURLcode result) const {
  std::string text = error_[0] != '\0' ? error_.data() : curl_easy_strerror(result);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (result == CURLE_PEER_FAILED_VERIFICATION) {
    const std::string& field = config_.certificate_authority.field;
    text += fmt::format(
        " (trusted is {}; the name is {})", field.empty() ? "what the system trusts" : field,
        config_.tls_server_name.empty() ? "that of the server's URL" : "tls-server-name");
  } else if (result == CURLE_SSL_CERTPROBLEM) {
    text += fmt::format(" ({}, {})", config_.client_certificate.field, config_.client_key.field);
  } else if (config_.server.starts_with("https:") && code() == 0 &&
             (result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR)) {
    // Under TLS 1.3 a client believes itself accepted before the server has seen its certificate;
    // the alert that refuses it may be lost with the connection.
    text += config_.client_certificate.field.empty()
                ? " (the server may want a client-certificate; none is given)"
                : fmt::format(" (the server may refuse {})", config_.client_certificate.field);
  }
  return text;
}

size_t Transfer::OnHeader(char*, size_t, size_t size, void* transfer) {
  static_cast<Transfer*>(transfer)->callbacks_.on_heard();
  return size;
}

size_t Transfer::OnBody(char* data, size_t, size_t size, void* transfer) {
  Transfer& self = *static_cast<Transfer*>(transfer);
  self.callbacks_.on_heard();
  if (self.code() == 200) {
    return self.callbacks_.on_answer({data, size}) ? size : CURL_WRITEFUNC_ERROR;
  }
  self.refusal_.append(data, std::min(size, kMaxRefusalBytes - self.refusal_.size()));
  return size;
}

}  // namespace pointsman::kube
