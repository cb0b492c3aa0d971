#include "host/agent/connection_list.h"

namespace pointsman {
namespace {

CardConnection ConnectionOf(const EventLine& event) {
  return {.original_row = event.original_row,
          .reply_row = event.reply_row,
          .state = event.state,
          .original = ToFlowKey(event.original),
          .reply = ToFlowKey(event.reply)};
}

FlowKey ReplyOf(const EventIpv6Line& event, const Image& image) {
  const EndpointRow endpoint =
      event.endpoint < image.endpoints.size() ? image.endpoints[event.endpoint] : EndpointRow{};
  const Bits128& source = event.masqueraded != 0 ? image.configuration.masquerade_address_v6
                                                 : event.original.source_address;
  return {Address::FromBits(endpoint.address), Address::FromBits(source), endpoint.port,
          event.new_source_port, Protocol{event.original.protocol}};
}

}  // namespace

ConnectionChanges ConnectionList::Take(const CardOutput& output, const Image& image) {
  ConnectionChanges changes;
  for (const EventLine& event : output.events) {
    if (event.kind == EventKind::kParity) continue;
    Take(TableId::kOriginals, event.kind, pointsman::ConnectionOf(event), changes);
  }
  for (const EventIpv6Line& event : output.events_ipv6) {
    Take(TableId::kOriginalsIpv6, event.kind, ConnectionOf(event, image), changes);
  }
  return changes;
}

void ConnectionList::Take(TableId table, EventKind kind, const CardConnection& connection,
                          ConnectionChanges& changes) {
  if (kind == EventKind::kExpire) {
    by_row_.erase({table, connection.original_row});
    if (connection.state != ConnectionState::kClosed) changes.ended.push_back(connection);
    return;
  }
  by_row_[{table, connection.original_row}] = connection;
  if (kind == EventKind::kLearn) changes.learned.push_back(connection);
  if (kind == EventKind::kClose) changes.ended.push_back(connection);
}

// The reply of one that is known stays as it was when it was learned: its endpoint may have gone.
CardConnection ConnectionList::ConnectionOf(const EventIpv6Line& event, const Image& image) const {
  CardConnection connection{.original_row = event.original_row,
                            .reply_row = event.reply_row,
                            .state = event.state,
                            .original = ToFlowKey(event.original),
                            .reply = {}};
  const auto known = by_row_.find({TableId::kOriginalsIpv6, event.original_row});
  const bool again = event.kind != EventKind::kLearn && known != by_row_.end() &&
                     known->second.original == connection.original;
  connection.reply = again ? known->second.reply : ReplyOf(event, image);
  return connection;
}

}  // namespace pointsman
