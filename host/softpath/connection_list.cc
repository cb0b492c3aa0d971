#include "host/softpath/connection_list.h"

namespace pointsman {
namespace {

constexpr bool kOfReply = true;

FlowKey TurnedRound(const FlowKey& key) {
  return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
}

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
    const auto known = by_row_.find({table, connection.original_row});
    if (known != by_row_.end()) {
      ForgetKeys(known->first, known->second);
      by_row_.erase(known);
    }
    if (connection.state != ConnectionState::kClosed) changes.ended.push_back(connection);
    return;
  }
  if (kind == EventKind::kEstablish) {
    const auto known = by_row_.find({table, connection.original_row});
    const bool was_over = known != by_row_.end() && known->second.state == ConnectionState::kClosed;
    if (was_over) changes.begun_again.push_back(connection);
  }
  Put(table, connection);
  if (kind == EventKind::kLearn) changes.learned.push_back(connection);
  if (kind == EventKind::kClose) changes.ended.push_back(connection);
}

std::optional<FlowKey> ConnectionList::TranslationOf(const FlowKey& key) const {
  if (const auto found = by_key_.find({key, !kOfReply}); found != by_key_.end()) {
    return TurnedRound(by_row_.at(found->second).reply);
  }
  if (const auto found = by_key_.find({key, kOfReply}); found != by_key_.end()) {
    return TurnedRound(by_row_.at(found->second).original);
  }
  return std::nullopt;
}

void ConnectionList::Put(TableId table, const CardConnection& connection) {
  const ByRow::key_type place{table, connection.original_row};
  const auto [entry, is_new] = by_row_.try_emplace(place, connection);
  if (!is_new) {
    ForgetKeys(place, entry->second);
    entry->second = connection;
  }
  by_key_[{connection.original, !kOfReply}] = place;
  by_key_[{connection.reply, kOfReply}] = place;
}

// A key may belong to another connection by now.
void ConnectionList::ForgetKeys(const ByRow::key_type& place, const CardConnection& connection) {
  for (const auto& key :
       {std::pair(connection.original, !kOfReply), {connection.reply, kOfReply}}) {
    const auto found = by_key_.find(key);
    if (found != by_key_.end() && found->second == place) by_key_.erase(found);
  }
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
