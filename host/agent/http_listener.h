// One listening TCP socket that answers every HTTP request by a function: a cpp-httplib server with
// its threads.
#ifndef POINTSMAN_HOST_AGENT_HTTP_LISTENER_H_
#define POINTSMAN_HOST_AGENT_HTTP_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "host/kube/ip_address.h"
#include "host/services/health.h"

namespace pointsman {

// Called on the listener's threads, with the path asked for.
using HttpAnswer = std::function<HealthAnswer(const std::string& path)>;

// Requests in work are finished, and the socket is closed, with the object.
class HttpListener {
 public:
  // `port` 0: any that is free. An IPv6 socket takes no IPv4 connections. Errors:
  // FailedPrecondition naming address and port.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Open(const kube::IpAddress& address,
                                                            uint16_t port, HttpAnswer answer);
  virtual ~HttpListener() = default;

  virtual uint16_t port() const = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_HTTP_LISTENER_H_
