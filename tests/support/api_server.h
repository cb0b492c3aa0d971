// An API server for tests: list and watch of an ApiStore's collections over HTTPS on loopback, with
// faults on request. It is a test part: it knows no schema, no etcd and no rights but one token.
#ifndef POINTSMAN_TESTS_SUPPORT_API_SERVER_H_
#define POINTSMAN_TESTS_SUPPORT_API_SERVER_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/api_store.h"

namespace pointsman::test {

// What a server makes of sendInitialEvents.
enum class StreamingLists { kKnown, kRefused, kIgnored };

struct ApiServerOptions {
  std::filesystem::path certificate;  // empty: plain HTTP
  std::filesystem::path key;
  std::filesystem::path client_authority;  // a client must show a certificate of it; empty: none
  std::string token;                       // asked for; empty: none
  StreamingLists streaming_lists = StreamingLists::kKnown;
  bool service_cidrs = false;  // it has networking.k8s.io/v1 ServiceCIDR
  bool bookmarks = true;
  std::chrono::milliseconds bookmark_period{200};
};

// A fault that happens so often from now on.
struct ApiFaults {
  int refuse = 0;  // requests, by this code and message
  int refuse_code = 503;
  std::string refuse_message = "the server is overloaded";
  int retry_after_seconds = 0;  // told with it; 0: it is not
  int truncate_lists = 0;       // half the JSON, in an answer that is whole for HTTP
  int truncate_events = 0;      // half a line, then the stream ends
  int expire_continue = 0;      // continue tokens answered by 410
  int error_events = 0;         // an ERROR event 410 in place of a stream's first event
  int silent_streams = 0;       // a watch that is answered, and then says nothing for good
  int silent_requests = 0;      // no answer at all
  // These hold until they are changed.
  bool repeat_events = false;  // each one twice
  // Neighbours of different objects change places. No event of these is cut off, and they come
  // without pauses.
  bool swap_events = false;
  std::chrono::milliseconds pause_of_streams{0};  // between pieces of 100 bytes
};

// Thread-safe.
class ApiServer {
 public:
  // Listens at once. Errors fail the test.
  ApiServer(ApiStore& store, ApiServerOptions options);
  ~ApiServer();

  uint16_t port() const;
  std::string url() const;  // "https://127.0.0.1:port"

  void SetFaults(const ApiFaults& faults);
  // Ends all streams in the middle.
  void CutStreams();
  // No one listens from now on, and all connections are cut.
  void Stop();
  // Listens again, on the same port.
  void Start();

  // Path and query of the requests up to now.
  std::vector<std::string> Requests() const;
  size_t gzipped_answers() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_API_SERVER_H_
