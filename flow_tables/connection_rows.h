// Connections of the software path as rows and events of a card. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_CONNECTION_ROWS_H_
#define POINTSMAN_FLOW_TABLES_CONNECTION_ROWS_H_

#include <cstdint>
#include <variant>

#include "flow_tables/connections.h"

namespace pointsman {

// What is told of one connection, of either family.
using ConnectionEvent = std::variant<EventLine, EventIpv6Line>;

// Both directions are in row `row` of their tables.
ConnectionEvent MakeEvent(EventKind kind, const Connection& connection, uint32_t row);
ConnectionEvent MakeEvent(EventKind kind, const ConnectionIpv6& connection, uint32_t row);

// A row of a table of connections, which is `connection`, whose other direction is in row `other`
// of its table; nullptr: nothing. REQUIRES: `table` is of the connection's family.
RowBits MakeRow(TableId table, const Connection* connection, uint32_t other);
RowBits MakeRow(TableId table, const ConnectionIpv6* connection, uint32_t other);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CONNECTION_ROWS_H_
