#include "host/cardd/connection_mirror.h"

#include <algorithm>

namespace pointsman::cardd {
namespace {

ConnectionState StateOf(const FlowKey& original, EventKind kind) {
  if (kind == EventKind::kClose) return ConnectionState::kClosed;
  const bool half_open = kind == EventKind::kLearn && original.protocol == Protocol::kTcp;
  return half_open ? ConnectionState::kHalfOpen : ConnectionState::kEstablished;
}

template <class Family, class ToKey>
ConnectionAs<Family> Make(const FlowKey& original, const MirroredConnection& mirrored,
                          uint32_t last_seen, ToKey to_key) {
  const auto reply = to_key(mirrored.reply);
  const typename Family::To there{.new_source_address = reply.destination_address,
                                  .new_destination_address = reply.source_address,
                                  .new_source_port = reply.destination_port,
                                  .new_destination_port = reply.source_port,
                                  .next_hop = mirrored.endpoint_next_hop,
                                  .frontend_counter = mirrored.frontend_counter,
                                  .endpoint = mirrored.endpoint};
  ConnectionAs<Family> connection =
      MakeConnection<Family>(to_key(original), there, mirrored.client_next_hop);
  connection.state = mirrored.state;
  connection.last_seen = last_seen;
  return connection;
}

}  // namespace

std::variant<Connection, ConnectionIpv6> ToConnection(const FlowKey& original,
                                                      const MirroredConnection& mirrored,
                                                      uint32_t last_seen) {
  if (original.source.is_v4()) return Make<Ipv4>(original, mirrored, last_seen, ToTuple);
  return Make<Ipv6>(original, mirrored, last_seen, ToTupleIpv6);
}

EndpointRow ConnectionMirror::EndpointAt(const Image& image, uint32_t row) const {
  if (row < image.endpoints.size() && image.endpoints[row].valid) return image.endpoints[row];
  const auto former = former_endpoints_.find(row);
  return former == former_endpoints_.end() ? EndpointRow{} : former->second;
}

uint16_t ConnectionMirror::NextHopTo(const Image& image, uint32_t row,
                                     const Address& address) const {
  const auto is_it = [&address](const EndpointRow& endpoint) {
    return endpoint.valid && endpoint.address == address.bits();
  };
  if (const EndpointRow known = EndpointAt(image, row); is_it(known)) return known.next_hop;
  const auto former = former_endpoints_.find(row);
  if (former != former_endpoints_.end() && is_it(former->second)) return former->second.next_hop;
  const auto found = std::ranges::find_if(image.endpoints, is_it);
  return found == image.endpoints.end() ? uint16_t{0} : found->next_hop;
}

FlowKey ConnectionMirror::ReplyOf(const EventIpv6Line& event, const Image& image) const {
  const EndpointRow endpoint = EndpointAt(image, event.endpoint);
  const Bits128& source = event.masqueraded != 0 ? image.configuration.masquerade_address_v6
                                                 : event.original.source_address;
  return {Address::FromBits(endpoint.address), Address::FromBits(source), endpoint.port,
          event.new_source_port, Protocol{event.original.protocol}};
}

void ConnectionMirror::Take(const CardOutput& output, const Image& image, bool of_card,
                            std::vector<ConnectionChange>& changes) {
  const auto take = [&](TableId table, const auto& event, const FlowKey& reply) {
    const FlowKey original = ToFlowKey(event.original);
    MirroredConnection connection{.reply = reply,
                                  .endpoint = event.endpoint,
                                  .frontend_counter = event.frontend_counter,
                                  .state = StateOf(original, event.kind),
                                  .original_row = event.original_row,
                                  .reply_row = event.reply_row};
    if (event.kind != EventKind::kExpire) {
      connection.endpoint_next_hop = NextHopTo(image, event.endpoint, reply.source);
      connection.client_next_hop =
          sources_ ? sources_->Find(original.source.bits()).next_hop : uint16_t{0};
    }
    Take(table, event.kind, original, std::move(connection), of_card, changes);
  };
  for (const EventLine& event : output.events) {
    if (event.kind == EventKind::kParity) continue;
    take(TableId::kOriginals, event, ToFlowKey(event.reply));
  }
  for (const EventIpv6Line& event : output.events_ipv6) {
    take(TableId::kOriginalsIpv6, event, ReplyOf(event, image));
  }
}

void ConnectionMirror::Take(TableId table, EventKind kind, const FlowKey& original,
                            MirroredConnection connection, bool of_card,
                            std::vector<ConnectionChange>& changes) {
  const std::pair row(table, connection.original_row);
  MirroredConnection* known = Find(original);
  if (kind == EventKind::kExpire) {
    original_by_row_.erase(row);
    if (known == nullptr) return;
    changes.push_back({ConnectionChange::Kind::kForget, ToConnection(original, *known)});
    Erase(by_original_.find(original));
    return;
  }
  original_by_row_[row] = original;
  if (kind != EventKind::kLearn && known != nullptr) {
    known->state = connection.state;
    if (placing_ && known->original_row != kNoRow) restated_.push_back(original);
    changes.push_back({ConnectionChange::Kind::kPut, ToConnection(original, *known)});
    return;
  }
  if (!of_card) connection.original_row = connection.reply_row = kNoRow;
  changes.push_back({ConnectionChange::Kind::kPut, ToConnection(original, connection)});
  Put(original, connection);
}

void ConnectionMirror::Put(const FlowKey& original, const MirroredConnection& connection) {
  by_original_[original] = connection;
  if (placing_ && connection.original_row == kNoRow) unplaced_.push_back(original);
}

void ConnectionMirror::NoteRows(TableId originals, uint32_t first_row,
                                const std::vector<RowBits>& rows) {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == RowBits{}) continue;
    std::optional<FlowKey> key;
    if (originals == TableId::kOriginals) {
      const auto row = UnpackRow<OriginalRow>(rows[i]);
      if (row.valid) key = ToFlowKey(row.key);
    } else {
      const auto row = UnpackRow<OriginalIpv6Row>(rows[i]);
      if (row.valid) key = ToFlowKey(row.key);
    }
    if (key) original_by_row_[{originals, first_row + i}] = *key;
  }
}

std::optional<std::pair<FlowKey, MirroredConnection>> ConnectionMirror::Forget(TableId table,
                                                                               uint32_t row) {
  ByRow& rows = agent_knows_old_rows() ? stale_rows_ : original_by_row_;
  const auto known = rows.find({table, row});
  if (known == rows.end()) return std::nullopt;
  const FlowKey original = known->second;
  rows.erase(known);
  const auto found = by_original_.find(original);
  if (found == by_original_.end()) return std::nullopt;
  auto forgotten = std::pair(original, found->second);
  Erase(found);
  return forgotten;
}

std::optional<MirroredConnection> ConnectionMirror::TakeOut(const FlowKey& original) {
  const auto found = by_original_.find(original);
  if (found == by_original_.end()) return std::nullopt;
  MirroredConnection taken = std::move(found->second);
  by_original_.erase(found);
  return taken;
}

void ConnectionMirror::Erase(ByOriginal::iterator connection) {
  if (placing_ && connection->second.original_row != kNoRow) {
    freed_.emplace_back(connection->first, connection->second);
  }
  by_original_.erase(connection);
}

void ConnectionMirror::StartPlacing() {
  placing_ = true;
  unplaced_.clear();
  freed_.clear();
  restated_.clear();
  for (auto& [original, connection] : by_original_) {
    connection.original_row = connection.reply_row = kNoRow;
    unplaced_.push_back(original);
  }
}

std::vector<FlowKey> ConnectionMirror::TakeUnplaced(size_t max) {
  const size_t count = std::min(max, unplaced_.size());
  std::vector<FlowKey> taken(unplaced_.end() - ptrdiff_t(count), unplaced_.end());
  unplaced_.resize(unplaced_.size() - count);
  return taken;
}

void ConnectionMirror::TakeFrom(ConnectionMirror&& other) {
  by_original_ = std::move(other.by_original_);
  original_by_row_ = std::move(other.original_by_row_);
}

MirroredConnection* ConnectionMirror::Find(const FlowKey& original) {
  const auto found = by_original_.find(original);
  return found == by_original_.end() ? nullptr : &found->second;
}

}  // namespace pointsman::cardd
