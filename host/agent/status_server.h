// Hands out documents of the agent over HTTP on a Unix socket: GET /status, GET /trace?of=PACKET
// (flow_trace.h), and GET /audit and GET /rows, for which the agent reads the whole card back
// first. Threads of its own answer, so that a slow reader never delays the agent, which makes a
// document only when somebody waits for one: of a large cluster it takes a while.
#ifndef POINTSMAN_HOST_AGENT_STATUS_SERVER_H_
#define POINTSMAN_HOST_AGENT_STATUS_SERVER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/functional/function_ref.h"
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
  // Answers all who wait for it.
  virtual void Publish(AgentDocument question, std::string document) = 0;
  // The same, with a document about what they ask (FetchDocument's `about`). Nobody else asks while
  // `make` runs, so it has to be quick.
  virtual void PublishAbout(
      AgentDocument question,
      absl::FunctionRef<std::string(std::span<const std::string> about)> make) = 0;
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
