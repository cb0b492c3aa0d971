#include "flow_tables/connection_rows.h"

namespace pointsman {
namespace {

template <class OriginalRow, class ReplyRow, class Family>
RowBits RowOf(TableId table, const ConnectionAs<Family>* connection, uint32_t other) {
  if (connection == nullptr) return {};
  const auto& there = connection->there.to;
  if (table == ReplyRow::kTable) {
    return PackRow(ReplyRow{.valid = true,
                            .key = ReplyKey(*connection),
                            .original_row = other,
                            .next_hop = connection->back.to.next_hop});
  }
  return PackRow(OriginalRow{.valid = true,
                             .key = OriginalKey(*connection),
                             .reply_row = other,
                             .next_hop = there.next_hop,
                             .frontend_counter = there.frontend_counter,
                             .endpoint = there.endpoint,
                             .state = connection->state,
                             .last_seen = connection->last_seen});
}

}  // namespace

ConnectionEvent MakeEvent(EventKind kind, const Connection& connection, uint32_t row) {
  return EventLine{.kind = kind,
                   .state = connection.state,
                   .table = static_cast<uint8_t>(TableId::kOriginals),
                   .original_row = row,
                   .reply_row = row,
                   .original = OriginalKey(connection),
                   .reply = ReplyKey(connection),
                   .endpoint = connection.there.to.endpoint,
                   .frontend_counter = connection.there.to.frontend_counter};
}

ConnectionEvent MakeEvent(EventKind kind, const ConnectionIpv6& connection, uint32_t row) {
  const auto& there = connection.there.to;
  const TupleIpv6 original = OriginalKey(connection);
  return EventIpv6Line{
      .kind = kind,
      .state = connection.state,
      .table = static_cast<uint8_t>(TableId::kOriginalsIpv6),
      .original_row = row,
      .reply_row = row,
      .original = original,
      .endpoint = there.endpoint,
      .frontend_counter = there.frontend_counter,
      .new_source_port = there.new_source_port,
      .masqueraded = static_cast<uint8_t>(there.new_source_address != original.source_address)};
}

RowBits MakeRow(TableId table, const Connection* connection, uint32_t other) {
  return RowOf<OriginalRow, ReplyRow>(table, connection, other);
}

RowBits MakeRow(TableId table, const ConnectionIpv6* connection, uint32_t other) {
  return RowOf<OriginalIpv6Row, ReplyIpv6Row>(table, connection, other);
}

}  // namespace pointsman
