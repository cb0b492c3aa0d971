// Hands out the agent's status over HTTP on a Unix socket: GET /status. Threads of its own answer,
// so that a slow reader never delays the agent, which makes a document only when somebody waits for
// one: of a large cluster it takes a while.
#ifndef POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
#define POINTSMAN_HOST_AGENT_STATUS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman {

inline constexpr char kStatusSocket[] = "/run/pointsman/agent.sock";

// Thread-safe. The threads end, and the socket goes, with the object.
class StatusServer {
 public:
  // Errors: FailedPrecondition naming the path if the socket cannot be made.
  static absl::StatusOr<std::unique_ptr<StatusServer>> Open(const std::string& socket_path);
  virtual ~StatusServer() = default;

  // Whether somebody waits for a document.
  virtual bool wanted() const = 0;
  // Answers all who wait.
  virtual void Publish(std::string document) = 0;
};

// The document of the agent at that socket. Errors: Unavailable: nobody answers within three
// seconds.
absl::StatusOr<std::string> FetchStatus(const std::string& socket_path);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
