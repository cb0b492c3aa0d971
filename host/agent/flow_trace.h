// What would become of a packet, asked of a running agent: the connection that is known, or else
// the rows that a first packet meets. Asked in text, "10.244.1.5 40000 10.96.0.10 80 TCP"; the
// answer is a JSON object of what was asked and lists of steps. Pure functions.
#ifndef POINTSMAN_HOST_AGENT_FLOW_TRACE_H_
#define POINTSMAN_HOST_AGENT_FLOW_TRACE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/flow.h"
#include "flow_tables/image_keeper.h"
#include "host/services/explain.h"
#include "host/softpath/connection_list.h"
#include "host/softpath/host_connections.h"

namespace pointsman {

// "TCP 10.244.1.5:40000 -> 10.96.0.10:80"
std::string Describe(const FlowKey& flow);

std::string FlowQuestion(const FlowKey& flow);
// Nothing: the text is no such question, or its addresses are of two families.
std::optional<FlowKey> ParseFlowQuestion(std::string_view text);

// Borrowed.
struct FlowTraceState {
  const ImageKeeper& keeper;  // of what the card holds
  const ConnectionList& on_card;
  const HostConnections& in_software;
};

// An entry for each question; of one that is none, an empty list.
std::string FlowTraces(std::span<const std::string> questions, const FlowTraceState& state);

// The answer to `question` in such a document. InvalidArgument: there is none.
absl::StatusOr<std::vector<ExplainedStep>> FlowTraceOf(std::string_view document,
                                                       const std::string& question);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_FLOW_TRACE_H_
