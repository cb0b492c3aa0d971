#include "host/softpath/host_connections.h"

#include <utility>

#include "flow_tables/next_hop_rows.h"

namespace pointsman {
namespace {

bool IsAHop(const NextHop& hop) { return hop.egress == Port::kUplink || hop.egress == Port::kNode; }

bool IsTcp(const HostConnection& connection) {
  return connection.original.protocol == Protocol::kTcp;
}

bool CanBe(Protocol protocol, ConnectionState state) {
  switch (protocol) {
    case Protocol::kTcp:
      return state >= ConnectionState::kUnconfirmed && state <= ConnectionState::kClosed;
    case Protocol::kUdp:
    case Protocol::kSctp:
      return state == ConnectionState::kUnconfirmed || state == ConnectionState::kEstablished;
  }
  return false;
}

FrontendKey FrontendOf(const HostConnection& connection) {
  const FlowKey& from = connection.original;
  return {from.destination, from.destination_port, from.protocol};
}

// Whether it is one that a packet made: a file may hold anything.
bool MakesSense(const HostConnection& connection) {
  const FlowKey& from = connection.original;
  const FlowKey& to = connection.translated;
  const bool v4 = from.source.is_v4();
  return from.protocol == to.protocol && CanBe(from.protocol, connection.state) &&
         from.destination.is_v4() == v4 && to.source.is_v4() == v4 &&
         to.destination.is_v4() == v4 && IsAHop(connection.to_endpoint) &&
         IsAHop(connection.to_client) && connection.last_seen <= kTickMask;
}

}  // namespace

HostConnection ToHostConnection(const std::variant<Connection, ConnectionIpv6>& connection,
                                const std::vector<NextHopRow>& next_hops) {
  const auto convert = [&](const auto& known) {
    return HostConnection{
        .original = ToFlowKey(OriginalKey(known)),
        .translated = HostConnection::Reversed(ToFlowKey(ReplyKey(known))),
        .to_endpoint = NextHopOf(next_hops.at(known.there.to.next_hop)),
        .to_client = NextHopOf(next_hops.at(known.back.to.next_hop)),
        .state = known.state,
        .last_seen = known.last_seen,
    };
  };
  return std::visit(convert, connection);
}

HostConnections::HostConnections(size_t capacity, KeptRows<HostConnection> kept)
    : capacity_(capacity), kept_(std::move(kept)) {
  kept_.Retain([&](uint32_t row, const HostConnection& connection) {
    if (!MakesSense(connection) || by_original_.size() == capacity_ ||
        by_original_.contains(connection.original) ||
        originals_by_reply_.contains(connection.Reply())) {
      return false;
    }
    Add(connection, row);
    return true;
  });
}

void HostConnections::Add(const HostConnection& connection, uint32_t row) {
  by_original_.emplace(connection.original, Entry{connection, row});
  originals_by_reply_.emplace(connection.Reply(), connection.original);
  ++sizes_[connection.original.protocol];
  CountUnconfirmed(connection, true);
}

void HostConnections::Uncount(const HostConnection& connection) {
  --sizes_[connection.original.protocol];
  CountUnconfirmed(connection, false);
}

void HostConnections::CountUnconfirmed(const HostConnection& connection, bool more) {
  if (connection.state != ConnectionState::kUnconfirmed) return;
  const auto count = unconfirmed_.try_emplace(FrontendOf(connection)).first;
  more ? ++count->second : --count->second;
  if (count->second == 0) unconfirmed_.erase(count);
}

size_t HostConnections::size(Protocol protocol) const {
  const auto found = sizes_.find(protocol);
  return found == sizes_.end() ? 0 : found->second;
}

uint32_t HostConnections::unconfirmed(const FrontendKey& frontend) const {
  const auto found = unconfirmed_.find(frontend);
  return found == unconfirmed_.end() ? 0 : found->second;
}

HostConnections::Found HostConnections::Find(const FlowKey& key) const {
  if (const auto found = by_original_.find(key); found != by_original_.end()) {
    return {&found->second.connection, false};
  }
  const auto reply = originals_by_reply_.find(key);
  if (reply == originals_by_reply_.end()) return {};
  return {&by_original_.find(reply->second)->second.connection, true};
}

HostConnections::Found HostConnections::Touch(const FlowKey& key, uint32_t tick, LifeSign flags) {
  const Found found = Find(key);
  if (found.connection == nullptr) return found;
  auto& [connection, row] = by_original_.find(found.connection->original)->second;
  flags.tcp = IsTcp(connection);
  flags.from_reply = found.is_reply;
  flags.later = connection.last_seen != tick;
  CountUnconfirmed(connection, false);
  connection.state = NextState(connection.state, flags);
  CountUnconfirmed(connection, true);
  connection.last_seen = tick;
  kept_.Set(row, &HostConnection::state, connection.state);
  kept_.Set(row, &HostConnection::last_seen, tick);
  return found;
}

RecordResult HostConnections::Record(const HostConnection& connection) {
  const FlowKey reply = connection.Reply();
  if (originals_by_reply_.contains(reply)) return RecordResult::kSourcePortTaken;
  if (by_original_.size() == capacity_) return RecordResult::kFull;
  Add(connection, kept_.Add(connection));
  return RecordResult::kRecorded;
}

size_t HostConnections::EraseIf(absl::FunctionRef<bool(const HostConnection&)> chosen) {
  return absl::erase_if(by_original_, [&](const auto& entry) {
    const auto& [connection, row] = entry.second;
    if (!chosen(connection)) return false;
    originals_by_reply_.erase(connection.Reply());
    Uncount(connection);
    kept_.Remove(row);
    return true;
  });
}

void HostConnections::Clear() {
  EraseIf([](const HostConnection&) { return true; });
}

void HostConnections::ForEach(absl::FunctionRef<void(const HostConnection&)> visit) const {
  for (const auto& [original, entry] : by_original_) visit(entry.connection);
}

}  // namespace pointsman
