// A DNS server for the names of Services, over UDP and TCP. What is not in its zone it asks an
// upstream server, or refuses.
#ifndef POINTSMAN_HOST_DNS_SERVER_H_
#define POINTSMAN_HOST_DNS_SERVER_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "host/dns/upstream.h"
#include "host/dns/zone.h"

namespace pointsman::dns {

struct ServerOptions {
  ServerAddress listen;                     // port 0: any that is free, the same for UDP and TCP
  std::optional<ServerAddress> upstream{};  // none: other names are refused
};

// Thread-safe. Threads of its own answer: one the datagrams, sixteen the connections (each patient
// for five seconds) and what is for upstream. What finds 1024 others waiting is dropped. All are
// over, and the sockets closed, with the object.
class Server {
 public:
  // Until Update() was called every query gets "server failure": nothing is known yet. Errors:
  // FailedPrecondition naming address and port.
  static absl::StatusOr<std::unique_ptr<Server>> Open(const ServerOptions& options);
  virtual ~Server() = default;

  virtual void Update(std::shared_ptr<const Zone> zone) = 0;
  virtual uint16_t port() const = 0;
};

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_SERVER_H_
