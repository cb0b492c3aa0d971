// Tells health over HTTP, as kube-proxy does: to load balancers on each Service's health check port
// whether this node has endpoints, and on the node's own port at /healthz and /livez whether
// changes reach the card (and, at /healthz only, whether the node stays). host/services/health.h
// says what is answered.
#ifndef POINTSMAN_HOST_AGENT_HEALTH_SERVER_H_
#define POINTSMAN_HOST_AGENT_HEALTH_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host/kube/ip_address.h"
#include "host/kube/problem.h"
#include "host/services/health.h"

namespace pointsman {

inline constexpr uint16_t kProxyHealthPort = 10256;  // kube-proxy's, which clusters look at

struct HealthServerOptions {
  kube::IpAddress address;           // of /healthz and /livez
  uint16_t port = kProxyHealthPort;  // 0: any that is free
  absl::Duration stale_after = absl::Minutes(1);
  std::function<absl::Time()> now = absl::Now;  // asked on the threads that answer, too
};

// Thread-safe. Threads of its own answer: two workers a socket, each patient for a second. All
// sockets are closed with the object.
class HealthServer {
 public:
  // Errors: FailedPrecondition naming address and port: /healthz cannot be served there.
  static absl::StatusOr<std::unique_ptr<HealthServer>> Open(const HealthServerOptions& options);
  virtual ~HealthServer() = default;

  // Opens and closes health check ports so that there are these; ones that stay are not interrupted
  // and answer with the new counts. Gives a problem for each Service whose port cannot be listened
  // on at all its addresses: it has none then, and is tried again with the next call.
  virtual std::vector<kube::Problem> Update(const std::vector<HealthCheckPort>& ports,
                                            bool node_eligible) = 0;

  // A change of the family arrived; all of them are written.
  virtual void Queued(kube::IpFamily family) = 0;
  virtual void Synced(kube::IpFamily family) = 0;

  virtual uint16_t port() const = 0;  // of /healthz and /livez
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_HEALTH_SERVER_H_
