// What an agent says of itself, as the JSON document that `pointsman get` and `pointsman card info`
// read. Field names are a public interface; addresses and numbers are in their usual text form.
#ifndef POINTSMAN_HOST_AGENT_STATUS_H_
#define POINTSMAN_HOST_AGENT_STATUS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "driver/card.h"
#include "flow_tables/image_keeper.h"
#include "host/agent/audit.h"
#include "host/agent/node_forwarding.h"
#include "host/agent/punt_server.h"
#include "host/cardd/card_state.h"
#include "host/softpath/connection_list.h"

namespace pointsman {

// Everything a status document is made of. `counters` holds frontend-counters rows by counter.
struct AgentState {
  std::string node;
  const NodeForwarding* forwarding = nullptr;
  const Image* image = nullptr;
  const ConnectionList* connections = nullptr;
  const HostConnections* software_connections = nullptr;
  const CardDescription* card = nullptr;
  const CardStatus* card_status = nullptr;  // nullptr: the card is none that may come back
  CardHealth health;
  std::vector<FrontendCounterRow> counters;
  uint64_t software_packets = 0;
  PuntCounts software_counts;
  size_t affinity_rows = 0;  // in use
  uint64_t rows_written = 0;
  std::string last_error;
  // Frontends that the card has no room for; nullptr: none.
  const absl::flat_hash_map<FrontendKey, ImageKeeper::Misfit>* misfits = nullptr;
  AuditCounts audit;
  // Of Services; none: not known.
  std::function<std::optional<absl::Duration>(const kube::ObjectKey&)> programmed_in;
};

// {"node", "card": {...}, "services": [...], "frontends": [...], "endpoints": [...], "tables":
// [...], "connections": {...}, "packets": {...}, "reasons": {...}, "problems": [...], "notes":
// [...], "last_error"}
std::string StatusDocument(const AgentState& state);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_STATUS_H_
