// What an API server sends, as JSON text: lists, watch events, and the Status of a refusal. The
// only place that knows simdjson; objects are decoded by host/kube/decode.h, as manifests are.
//
// Source: Kubernetes API concepts ("Efficient detection of changes"); KEP-3157 for the end of
// initial events.
#ifndef POINTSMAN_HOST_APISERVER_API_JSON_H_
#define POINTSMAN_HOST_APISERVER_API_JSON_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "host/kube/decode.h"

namespace pointsman::kube {

// metav1.Status, as far as it is used. `code` 0: the text was none.
struct ApiStatus {
  int code = 0;
  std::string reason;  // "Expired", "Forbidden"
  std::string message;
  int retry_after_seconds = 0;  // details.retryAfterSeconds
};

struct ListPage {
  std::string resource_version;
  std::string continue_token;  // empty: this is the last page
  Decoded decoded;
};

enum class WatchEventType : uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchEventType type = WatchEventType::kBookmark;
  std::string resource_version;     // of the object or the bookmark
  bool initial_events_end = false;  // the bookmark after the last object of a streaming list
  Decoded decoded;                  // kAdded, kModified, kDeleted: of one object
  ApiStatus status;                 // kError
};

// Keeps its buffers between calls. Not thread-safe. Origins of objects name the file "API server".
//
// Errors: InvalidArgument for text that is not what the name says: no JSON, cut off, nested deeper
// than kMaxDepth, or a document of another kind. An object that is refused is no such error: it is
// in `decoded`.
class ApiJsonReader {
 public:
  static constexpr int kMaxDepth = 100;

  ApiJsonReader();
  ~ApiJsonReader();

  // `text` need not have spare capacity, but is not copied where it has (kPaddingBytes).
  absl::StatusOr<ListPage> ReadList(std::string text, Kind kind);
  absl::StatusOr<WatchEvent> ReadEvent(std::string_view text, Kind kind);

  static constexpr size_t kPaddingBytes = 64;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

// Never fails: text that is no Status gives the code 0.
ApiStatus ReadStatus(std::string_view text);

// Any JSON document as a Value. Errors: as ApiJsonReader.
absl::StatusOr<Value> ReadJson(std::string_view text);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_API_JSON_H_
