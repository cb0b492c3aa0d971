// A shard's connections as the card's tables and events have them: the row of both directions is
// the number of the connection's record, behind those of the shards before. Pure.
#ifndef POINTSMAN_HOST_PORTS_SHARD_ROWS_H_
#define POINTSMAN_HOST_PORTS_SHARD_ROWS_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "flow_tables/connections.h"

namespace pointsman {

// What a core tells of one connection, of either family.
using ShardEvent = std::variant<EventLine, EventIpv6Line>;

ShardEvent MakeEvent(EventKind kind, const Connection& connection, uint32_t row);
ShardEvent MakeEvent(EventKind kind, const ConnectionIpv6& connection, uint32_t row);

// The content of row `row` of a table of connections, which is `connection`; nullptr: nothing.
// REQUIRES: `table` is of the connection's family.
RowBits MakeRow(TableId table, const Connection* connection, uint32_t row);
RowBits MakeRow(TableId table, const ConnectionIpv6* connection, uint32_t row);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_SHARD_ROWS_H_
