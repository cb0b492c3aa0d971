// Follows one collection of an API server: decides what to ask next, and takes what comes of it. A
// pure state machine: time and chance are arguments, requests are run by somebody else
// (host/apiserver/api_watcher.h). Not thread-safe.
//
// It lists (streaming where the server can, in pages where not), then watches from the list's
// version on. A watch that ends is resumed from the last version seen; a version that the server
// has forgotten (410 Gone) means a new list, which is compared with what is known as a whole. What
// is known stays through all of this. Failed requests are tried again after a time that doubles,
// with jitter, or as the server says (Retry-After).
#ifndef POINTSMAN_HOST_APISERVER_REFLECTOR_H_
#define POINTSMAN_HOST_APISERVER_REFLECTOR_H_

#include <cstddef>
#include <optional>
#include <random>
#include <string>

#include "absl/time/time.h"
#include "host/apiserver/api_json.h"
#include "host/apiserver/collection.h"
#include "host/apiserver/resource.h"

namespace pointsman::kube {

struct ReflectorTiming {
  absl::Duration first_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(30);
  absl::Duration max_retry_after = absl::Minutes(5);
  // A request in which nothing arrives for so long is given up. Servers send bookmarks about every
  // minute, so that a watch which says nothing for longer may lead nowhere.
  absl::Duration list_quiet = absl::Seconds(30);
  absl::Duration watch_quiet = absl::Seconds(150);
  // Between the events of a streaming list; a server that then has nothing more to say does not
  // know streaming lists.
  absl::Duration initial_events_quiet = absl::Seconds(3);
  absl::Duration list_total = absl::Minutes(5);
  // When a kind that the server does not have, or does not let be read, is asked for again.
  absl::Duration absent_retry = absl::Minutes(10);
  // A watch that lived so long was no failure, however it ended.
  absl::Duration good_watch = absl::Seconds(5);
  // How long the server is asked to keep a watch: between this and twice as long.
  absl::Duration watch_timeout = absl::Minutes(5);
};

struct ApiRequest {
  std::string target;  // path and query
  bool watch = false;  // the answer is a stream of events, else a list
};

// Why a request came to nothing.
struct ApiFailure {
  int code = 0;        // of HTTP, or of an ERROR event; 0: there was no answer, or no good one
  std::string reason;  // metav1.Status.reason
  std::string message;
  absl::Duration retry_after;  // as the server wishes; zero: it does not say
};

class Reflector {
 public:
  // Borrows `objects`; see Collection.
  Reflector(Resource resource, const ReflectorTiming& timing, uint32_t seed, ObjectSet& objects);

  const Resource& resource() const { return resource_; }
  Collection& collection() { return collection_; }
  const Collection& collection() const { return collection_; }

  // Whether a complete list was taken once, or the server has no such kind and need not.
  bool synced() const { return lists_ > 0 || absent_; }
  // Complete lists up to now.
  size_t lists() const { return lists_; }

  // The request to run now; none: one runs, or it is too early.
  std::optional<ApiRequest> Next(absl::Time now);

  // When to call again: Next(), or GiveUp() where a request runs.
  absl::Time due() const;

  // Of the running request. Something has arrived: headers or bytes.
  void Heard(absl::Time now);
  void TakePage(ListPage page, absl::Time now);
  // False: the request is over and must be dropped.
  [[nodiscard]] bool TakeEvent(WatchEvent event, absl::Time now);
  // The server has ended a watch, as it may.
  void End(absl::Time now);
  // False: it was no failure, but the answer of a server that does not know streaming lists.
  bool Fail(const ApiFailure& failure, absl::Time now);
  // At due(): nothing has come for too long. The request must be dropped.
  void GiveUp(absl::Time now);

 private:
  enum class Phase { kWaiting, kList, kInitialEvents, kWatch };

  bool TakeInitialEvent(WatchEvent event, absl::Time now);
  bool IsAbsent(const ApiFailure& failure) const;
  void TakeAbsence(absl::Time now);
  void StartOver();
  void ListInstead(absl::Time now);
  void EndList(const std::string& resource_version);
  void Advance(const std::string& resource_version);
  absl::Duration Backoff();
  absl::Duration Quiet() const;
  int WatchTimeoutSeconds();

  Resource resource_;
  const ReflectorTiming timing_;
  std::minstd_rand random_;
  Collection collection_;

  Phase phase_ = Phase::kWaiting;
  absl::Time due_ = absl::InfinitePast();  // while waiting
  absl::Time started_;                     // the running request
  absl::Time heard_;
  bool answered_ = false;

  size_t lists_ = 0;
  bool absent_ = false;
  bool tried_older_ = false;
  bool streaming_ = true;         // until the server shows that it cannot
  bool paged_ = true;             // this list
  bool newest_ = false;           // the next list must not be a cached one
  std::string resource_version_;  // to resume from; empty: a list is needed
  std::string continue_token_;
  int failures_ = 0;       // in a row
  int lists_in_vain_ = 0;  // in a row, each followed by the loss of its version
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_REFLECTOR_H_
