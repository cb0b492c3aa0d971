// What a card's own tables say of its connections: for when events were lost.
#ifndef POINTSMAN_HOST_AGENT_READ_CONNECTIONS_H_
#define POINTSMAN_HOST_AGENT_READ_CONNECTIONS_H_

#include "absl/status/status.h"
#include "driver/card.h"
#include "host/softpath/connection_list.h"

namespace pointsman {

// Fills `connections` with what the tables of both families hold, in place of what it held. A
// connection that begins or ends meanwhile may be in it or not; its event follows. Errors: those of
// Card::Read.
absl::Status ReadConnections(Card& card, ConnectionList& connections);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_READ_CONNECTIONS_H_
