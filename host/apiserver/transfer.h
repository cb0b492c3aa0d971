// One GET request to an API server, on libcurl: HTTP/2 where the server has it, gzip, TLS verified,
// no redirects, dead peers found by TCP keepalive. The only place, with api_watcher.cc, that knows
// libcurl.
#ifndef POINTSMAN_HOST_APISERVER_TRANSFER_H_
#define POINTSMAN_HOST_APISERVER_TRANSFER_H_

#include <curl/curl.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "host/apiserver/credentials.h"

namespace pointsman::kube {

// Called while the transfer runs.
struct TransferCallbacks {
  std::function<void()> on_heard;                   // something has arrived
  std::function<bool(std::string_view)> on_answer;  // of an answer 200; false: no more is wanted
};

// Runs in a multi handle, which must outlive it; the destructor ends it. Not thread-safe.
class Transfer {
 public:
  static constexpr absl::Duration kConnectTimeout = absl::Seconds(10);
  static constexpr absl::Duration kKeepAliveIdle = absl::Seconds(15);
  static constexpr absl::Duration kPeerTimeout =
      absl::Seconds(30);  // bytes that nobody acknowledges
  static constexpr size_t kMaxRefusalBytes = 64 << 10;

  // `target`: path and query. `fresh_connection`: not one that is open already.
  Transfer(CURLM* multi, const ServerConfig& config, const Credentials& credentials,
           const std::string& target, bool fresh_connection, TransferCallbacks callbacks);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  CURL* handle() const { return easy_; }
  int code() const;  // of HTTP; 0: no answer yet
  // Zero: the server does not say. Of Retry-After in either form.
  absl::Duration retry_after() const;
  const std::string& refusal() const { return refusal_; }  // the body of an answer that is not 200
  // What went wrong, with the field of the configuration that it is about.
  std::string Explain(CURLcode result) const;

 private:
  void SetUp(const Credentials& credentials, const std::string& target, bool fresh_connection);
  void SetTls(const Credentials& credentials);
  void SetUrl(const std::string& target);
  void SetHeaders(const Credentials& credentials);
  static size_t OnHeader(char* data, size_t one, size_t size, void* transfer);
  static size_t OnBody(char* data, size_t one, size_t size, void* transfer);

  CURLM* const multi_;
  const ServerConfig& config_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  TransferCallbacks callbacks_;
  std::string refusal_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_TRANSFER_H_
