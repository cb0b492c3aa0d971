// Hands out the agent's newest status document over HTTP on a Unix socket: GET /status. A thread of
// its own answers, so that a slow reader never delays the agent.
#ifndef POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
#define POINTSMAN_HOST_AGENT_STATUS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman {

inline constexpr char kStatusSocket[] = "/run/pointsman/agent.sock";

// Thread-safe. The thread ends, and the socket goes, with the object.
class StatusServer {
 public:
  // Errors: FailedPrecondition naming the path if the socket cannot be made.
  static absl::StatusOr<std::unique_ptr<StatusServer>> Open(const std::string& socket_path);
  virtual ~StatusServer() = default;

  virtual void Publish(std::string document) = 0;
};

// The document of the agent at that socket. Errors: Unavailable: nobody answers within two seconds.
absl::StatusOr<std::string> FetchStatus(const std::string& socket_path);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
