#include "host/softpath/host_connections.h"

#include <utility>

namespace pointsman {
namespace {

bool IsAHop(const NextHop& hop) { return hop.egress == Port::kUplink || hop.egress == Port::kNode; }

// Whether it is one that a packet made: a file may hold anything.
bool MakesSense(const HostConnection& connection) {
  const FlowKey& from = connection.original;
  const FlowKey& to = connection.translated;
  const bool v4 = from.source.is_v4();
  return from.protocol == Protocol::kSctp && to.protocol == Protocol::kSctp &&
         from.destination.is_v4() == v4 && to.source.is_v4() == v4 &&
         to.destination.is_v4() == v4 && IsAHop(connection.to_endpoint) &&
         IsAHop(connection.to_client) && connection.last_seen <= kTickMask &&
         (connection.state == ConnectionState::kUnconfirmed ||
          connection.state == ConnectionState::kEstablished);
}

}  // namespace

HostConnections::HostConnections(size_t capacity, KeptRows<HostConnection> kept)
    : capacity_(capacity), kept_(std::move(kept)) {
  kept_.Retain([&](uint32_t row, const HostConnection& connection) {
    if (!MakesSense(connection) || by_original_.size() == capacity_ ||
        by_original_.contains(connection.original) ||
        originals_by_reply_.contains(connection.Reply())) {
      return false;
    }
    by_original_.emplace(connection.original, Entry{connection, row});
    originals_by_reply_.emplace(connection.Reply(), connection.original);
    return true;
  });
}

HostConnections::Found HostConnections::Find(const FlowKey& key) const {
  if (const auto found = by_original_.find(key); found != by_original_.end()) {
    return {&found->second.connection, false};
  }
  const auto reply = originals_by_reply_.find(key);
  if (reply == originals_by_reply_.end()) return {};
  return {&by_original_.find(reply->second)->second.connection, true};
}

HostConnections::Found HostConnections::Touch(const FlowKey& key, uint32_t tick) {
  const Found found = Find(key);
  if (found.connection == nullptr) return found;
  auto& [connection, row] = by_original_.find(found.connection->original)->second;
  connection.state = NextState(
      connection.state, {.from_reply = found.is_reply, .later = connection.last_seen != tick});
  connection.last_seen = tick;
  kept_.Set(row, &HostConnection::state, connection.state);
  kept_.Set(row, &HostConnection::last_seen, tick);
  return found;
}

RecordResult HostConnections::Record(const HostConnection& connection) {
  const FlowKey reply = connection.Reply();
  if (originals_by_reply_.contains(reply)) return RecordResult::kSourcePortTaken;
  if (by_original_.size() == capacity_) return RecordResult::kFull;
  by_original_.emplace(connection.original, Entry{connection, kept_.Add(connection)});
  originals_by_reply_.emplace(reply, connection.original);
  return RecordResult::kRecorded;
}

size_t HostConnections::EraseIf(absl::FunctionRef<bool(const HostConnection&)> chosen) {
  return absl::erase_if(by_original_, [&](const auto& entry) {
    const auto& [connection, row] = entry.second;
    if (!chosen(connection)) return false;
    originals_by_reply_.erase(connection.Reply());
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
