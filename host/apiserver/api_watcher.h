// A cluster's Services, EndpointSlices, Nodes and ServiceCIDRs, followed at its API server:
// reflectors (host/apiserver/reflector.h) and the requests they ask for, on libcurl. Nothing waits
// without a deadline, and nothing that a server does or fails to do ends it.
#ifndef POINTSMAN_HOST_APISERVER_API_WATCHER_H_
#define POINTSMAN_HOST_APISERVER_API_WATCHER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/apiserver/reflector.h"
#include "host/apiserver/server_config.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"

namespace pointsman::kube {

// For one thread, but for Wake.
class ApiWatcher {
 public:
  // `proxy_name`: see ResourceOf. `seed` is for jitter. Errors: Internal, where libcurl cannot be
  // set up.
  static absl::StatusOr<std::unique_ptr<ApiWatcher>> Open(ServerConfig config,
                                                          const std::string& proxy_name,
                                                          const ReflectorTiming& timing,
                                                          uint32_t seed);
  ~ApiWatcher();

  // Waits until something arrives or is due, `at_most` so long, and deals with it. A credential
  // plugin that has to run takes its time besides (CredentialSource::kExecTimeout at most).
  void Poll(absl::Duration at_most);
  // Ends a Poll that waits. Thread-safe.
  void Wake();

  // Whether each kind was listed completely once. Before that objects() is of no use.
  bool synced() const;
  // As the server told it last. An outage changes nothing.
  const ObjectSet& objects() const;
  // Objects that were refused, which keep their last good state.
  std::vector<Problem> problems() const;
  // What became of objects, problems and synced since the last call.
  ApiChanges TakeChanges();
  // Complete lists since the last call.
  size_t TakeLists();
  // Requests that failed since the last call, each with the server, the verb and the resource.
  // Without secrets.
  std::vector<std::string> TakeErrors();

 private:
  class Impl;
  explicit ApiWatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_API_WATCHER_H_
