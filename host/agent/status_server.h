// Hands out documents of the agent over HTTP on a Unix socket: GET /status, GET /trace?of=PACKET
// (flow_trace.h), and GET /audit and GET /rows, for which the agent reads the whole card back
// first. Threads of its own answer, so that a slow reader never delays the agent, which makes a
// document only when somebody waits for one: of a large cluster it takes a while.
#ifndef POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
#define POINTSMAN_HOST_AGENT_STATUS_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {

inline constexpr char kStatusSocket[] = "/run/pointsman/agent.sock";

enum class AgentDocument : uint8_t { kStatus, kAudit, kRows, kTraces };

// Thread-safe. The threads end, and the socket goes, with the object.
class StatusServer {
 public:
  // Errors: FailedPrecondition naming the path if the socket cannot be made.
  static absl::StatusOr<std::unique_ptr<StatusServer>> Open(const std::string& socket_path);
  virtual ~StatusServer() = default;

  // Whether somebody waits for this document.
  virtual bool wanted(AgentDocument question) const = 0;
  // What those who wait for it ask about; of kTraces only.
  virtual std::vector<std::string> asked_about(AgentDocument question) const = 0;
  // Answers all who wait for it.
  virtual void Publish(AgentDocument question, std::string document) = 0;
};

// The document of the agent at that socket. Errors: Unavailable: nobody answers, within three
// seconds, or a minute for what takes reading the card.
absl::StatusOr<std::string> FetchDocument(const std::string& socket_path, AgentDocument question,
                                          const std::string& about = "");
inline absl::StatusOr<std::string> FetchStatus(const std::string& socket_path) {
  return FetchDocument(socket_path, AgentDocument::kStatus);
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
